import type { ServicePort } from '../inventory.ts';
import { PORTS } from '../ports.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import type { InventoryFile } from '../schema/schema.ts';

type BindFile = NonNullable<InventoryFile['api7']['bind']>;
type GatewayPortsFile = NonNullable<NonNullable<InventoryFile['api7']['gateway']>['ports']>;

/** Ports of the dashboard or DP Manager: HTTP always, TLS if a host port is given for it. */
export function controlPlanePorts(
  service: 'dashboard' | 'dp_manager',
  { http, https }: { readonly http?: number | undefined; readonly https?: number | undefined },
  bind: BindFile,
): readonly ServicePort[] {
  const inside = service === 'dashboard' ? PORTS.dashboard : PORTS.dpManager;
  const on = (
    name: 'http' | 'https',
    host: number,
    addresses: readonly string[] = DEFAULTS.bindInside,
  ): ServicePort => ({
    name,
    protocol: 'tcp',
    container: inside[name],
    host,
    addresses,
  });
  return [
    on('http', http ?? inside.http, bind[service]),
    ...(https === undefined ? [] : [on('https', https, bind[`${service}_https`])]),
  ];
}

/** Ports of a gateway: three that each one has, and those of its stream routes. */
export function gatewayPorts(
  { http, https, status, tcp = [], udp = [] }: GatewayPortsFile,
  bind: BindFile,
): readonly ServicePort[] {
  const inside = PORTS.gateway;
  const streams = bind.streams ?? DEFAULTS.bindEverywhere;
  const stream = (protocol: 'tcp' | 'udp', port: number): ServicePort => ({
    name: 'stream',
    protocol,
    container: port,
    host: port,
    addresses: streams,
  });
  const on = (name: 'http' | 'https' | 'status', host: number = inside[name]): ServicePort => ({
    name,
    protocol: 'tcp',
    container: inside[name],
    host,
    addresses: bind[name] ?? (name === 'status' ? DEFAULTS.bindInside : DEFAULTS.bindEverywhere),
  });
  return [
    on('http', http),
    on('https', https),
    on('status', status),
    ...tcp.map((port) => stream('tcp', port)),
    ...udp.map((port) => stream('udp', port)),
  ];
}
