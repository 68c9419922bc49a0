import { PORTS } from '../../api7/paths.ts';
import type { Service } from '../../api7/services.ts';
import { defined } from '../../core/base/data.ts';
import { DEFAULTS } from '../../inventory/schema/defaults.ts';
import type { PlainYaml } from '../../tasks/yaml-file/yaml-value.ts';
import { portName } from '../running/judge-ports.ts';
import type { FoundPort } from '../running/running-service.ts';

/** The ports of a service as the inventory has them, without what holds by default. */
export interface PortsBlock {
  readonly ports: Readonly<Record<string, number | readonly number[]>>;
  /** Addresses by the key that `bind` has for each. */
  readonly bind: Readonly<Record<string, readonly string[]>>;
}

/** Keys of `bind`, by service and port. */
const BIND = {
  dashboard: { http: 'dashboard', https: 'dashboard_https' },
  dpManager: { http: 'dp_manager', https: 'dp_manager_https' },
  gateway: { http: 'http', https: 'https', status: 'status', stream: 'streams' },
} as const;

/** Default ports of a service. */
const USUAL: Readonly<Record<Service['name'], Readonly<Record<string, number>>>> = {
  dashboard: { http: PORTS.dashboard.http },
  dpManager: { http: PORTS.dpManager.http },
  gateway: PORTS.gateway,
};

/** @param address of the host, the value of `{address}` */
export function portsBlock(
  service: Service['name'],
  found: readonly FoundPort[],
  config: PlainYaml | undefined,
  address: string,
): PortsBlock {
  const named = found.flatMap((port) => {
    const name = portName(service, port, config);
    return name === undefined ? [] : [{ ...port, name }];
  });
  const streams = (protocol: 'tcp' | 'udp'): readonly number[] | undefined => {
    const ports = named.filter((port) => port.name === 'stream' && port.protocol === protocol).map(({ host }) => host);
    return ports.length === 0 ? undefined : ports;
  };
  const single = named.filter(({ name, host }) => name !== 'stream' && USUAL[service][name] !== host);
  const keys: Readonly<Record<string, string>> = BIND[service];
  const bound = named.flatMap(({ name, addresses }) => {
    const key = keys[name];
    const written = addresses.map((one) => (one === address ? '{address}' : one));
    return key === undefined || isUsual(key, written) ? [] : [[key, written] as const];
  });
  return {
    ports: {
      ...Object.fromEntries(single.map(({ name, host }) => [name, host])),
      ...defined({ tcp: streams('tcp'), udp: streams('udp') }),
    },
    bind: Object.fromEntries(bound),
  };
}

const EVERYWHERE: ReadonlySet<string> = new Set(['http', 'https', 'streams']);

function isUsual(key: string, addresses: readonly string[]): boolean {
  const usual: readonly string[] = EVERYWHERE.has(key) ? DEFAULTS.bindEverywhere : DEFAULTS.bindInside;
  return usual.length === addresses.length && usual.every((one) => addresses.includes(one));
}
