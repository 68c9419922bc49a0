import type { PatternNames } from '../pattern.ts';
import { PORTS } from '../ports.ts';
import type { Path, Problem } from '../problem.ts';
import type { Fields, FileGroup } from './file-groups.ts';
import { fieldsOf, listOf, valueIn } from './loose.ts';

/** A host port of a service. */
export interface Published {
  readonly service: 'gateway' | 'dashboard' | 'DP Manager';
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** Pools may name it: it takes client requests. */
  readonly takesRequests: boolean;
  /** Its position in the file; undefined: a default. */
  readonly path?: Path;
}

/** Ports that each control-plane host and each gateway publishes, as far as the file is readable. */
export function publishedPorts(
  file: Fields,
  groups: readonly FileGroup[],
  names: PatternNames,
): ReadonlyMap<string, readonly Published[]> {
  const ports = new Map<string, Published[]>();
  const add = (hosts: readonly string[], more: readonly Published[]): void => {
    for (const host of hosts) ports.set(host, [...(ports.get(host) ?? []), ...more]);
  };
  // Hosts of two groups, or of none with gateways, are reported elsewhere.
  const gateways = names.groups.get('data_plane') ?? [];
  for (const group of groups)
    add(
      group.hosts.filter((host) => gateways.includes(host) && !ports.has(host)),
      gatewayPorts(group),
    );
  add(names.groups.get('control_plane') ?? [], controlPlanePorts(fieldsOf(file.get('api7'))));
  return ports;
}

function gatewayPorts(group: FileGroup): readonly Published[] {
  const of = (name: 'http' | 'https' | 'status'): Published => {
    const setting = group.setting('ports', name);
    return {
      service: 'gateway',
      port: Number(setting?.value ?? PORTS.gateway[name]),
      protocol: 'tcp',
      takesRequests: name !== 'status',
      ...(setting && { path: setting.path }),
    };
  };
  const streams = (protocol: 'tcp' | 'udp'): readonly Published[] => {
    const setting = group.setting('ports', protocol);
    return listOf(setting?.value).map((port, index) => ({
      service: 'gateway',
      port: Number(port),
      protocol,
      takesRequests: true,
      path: [...(setting?.path ?? []), index],
    }));
  };
  return [of('http'), of('https'), of('status'), ...streams('tcp'), ...streams('udp')];
}

function controlPlanePorts(api7: Fields): readonly Published[] {
  const of = (key: 'dashboard' | 'dp_manager', name: 'http' | 'https', byDefault?: number): readonly Published[] => {
    const given = fieldsOf(valueIn(api7, [key, 'ports']));
    const port = given.get(name) ?? byDefault;
    if (port === undefined) return [];
    return [
      {
        service: key === 'dashboard' ? 'dashboard' : 'DP Manager',
        port: Number(port),
        protocol: 'tcp',
        takesRequests: true,
        ...(given.has(name) ? { path: ['api7', key, 'ports', name] } : {}),
      },
    ];
  };
  return [
    ...of('dashboard', 'http', PORTS.dashboard.http),
    ...of('dashboard', 'https'),
    ...of('dp_manager', 'http', PORTS.dpManager.http),
    ...of('dp_manager', 'https'),
  ];
}

/** A gateway's other listeners by default: control API, metrics, Admin API. */
const OWN_LISTENERS = [9090, 9091, 9180];
const INSIDE: readonly number[] = [...Object.values(PORTS.gateway), ...OWN_LISTENERS];

/** Two services of a host on one port, and stream routes on ports that a gateway uses otherwise. */
export function checkPublishedPorts(
  file: Fields,
  ports: ReadonlyMap<string, readonly Published[]>,
  groups: readonly FileGroup[],
): readonly Problem[] {
  const problems = new Map<string, Problem>();
  const report = (path: Path, message: string): void => {
    const key = JSON.stringify([path, message]);
    problems.set(key, { path, at: 'value', message });
  };
  for (const [host, published] of ports)
    for (const [index, one] of published.entries())
      for (const other of published.slice(0, index)) {
        if (one.port !== other.port || one.protocol !== other.protocol) continue;
        const path = one.path ?? other.path;
        const whose = one.path === undefined ? one : other;
        report(path ?? ['hosts', host], `port ${one.port} of ${host} is that of ${nameOf(whose)} already`);
      }
  for (const { setting } of groups) {
    const tcp = setting('ports', 'tcp');
    for (const [index, port] of listOf(tcp?.value).entries())
      if (INSIDE.includes(Number(port)))
        report([...(tcp?.path ?? []), index], `port ${String(port)} is one that gateways listen on for something else`);
  }
  for (const service of ['dashboard', 'dp_manager']) {
    const settings = fieldsOf(valueIn(file, ['api7', service]));
    if (settings.has('tls') && !fieldsOf(settings.get('ports')).has('https'))
      report(['api7', service, 'tls'], 'has an effect with "ports: { https: … }" only');
  }
  return [...problems.values()];
}

const nameOf = ({ service }: Published): string => (service === 'DP Manager' ? service : `the ${service}`);

/** The request ports of a host in words: `80 and 443 (gateway)`. */
export function requestPortsText(published: readonly Published[]): string {
  const byService = Map.groupBy(
    published.filter(({ takesRequests }) => takesRequests),
    ({ service }) => service,
  );
  return [...byService].map(([service, of]) => `${of.map(({ port }) => port).join(', ')} (${service})`).join(', ');
}
