import { SERVICE_FIELDS } from '../../api7/services.ts';
import type { FoundPool } from '../pools/found-pool.ts';
import { portName } from '../running/judge-ports.ts';
import type { Block } from './container-block.ts';
import type { ServiceOn } from './described.ts';

const WELL_KNOWN = { gateway: 'gateways', dashboard: 'dashboards', dpManager: 'dp_managers' } as const;

/** Hosts as a pattern: the name of a group that has just these, else their names. */
export function patternOf(hosts: readonly string[], groups: ReadonlyMap<string, readonly string[]>): string {
  const wanted = [...hosts].sort().join();
  const [group] = [...groups].find(([name, members]) => name !== 'all' && [...members].sort().join() === wanted) ?? [];
  return group ?? hosts.join(',');
}

/** `load_balancers`, with the findings that have no place there. */
export interface PoolsBlock {
  readonly pools: { readonly [name: string]: Block };
  readonly notes: readonly string[];
}

/** Pools of several balancer hosts with the same members on the same port are one pool. */
export function poolsBlock(
  found: readonly FoundPool[],
  services: readonly ServiceOn[],
  groups: ReadonlyMap<string, readonly string[]>,
): PoolsBlock {
  const pools: Record<string, Block> = {};
  const notes: string[] = [];
  const same = Map.groupBy(found, ({ driver, members, port }) => JSON.stringify([driver, members, port]));
  for (const pool of same.values()) {
    const [first] = pool;
    if (first === undefined) continue;
    const { driver, members, port } = first;
    const hosts = pool.map(({ host }) => host);
    const service = members.map((member) => serviceAt(services, member, port)).find((one) => one !== undefined);
    if (service === undefined) {
      notes.push(
        `${hosts.join(', ')}: it sends requests to port ${port} of ${members.join(', ')}, which no service that was found publishes for requests`,
      );
      continue;
    }
    const wanted =
      service.isHttp && pools[WELL_KNOWN[service.name]] === undefined
        ? WELL_KNOWN[service.name]
        : `${SERVICE_FIELDS[service.name]}_port_${port}`;
    let name = wanted;
    for (let count = 2; pools[name] !== undefined; count++) name = `${wanted}_${count}`;
    pools[name] = { ...driver, hosts: patternOf(hosts, groups), members: patternOf(members, groups), port };
  }
  return { pools, notes };
}

function serviceAt(services: readonly ServiceOn[], member: string, port: number) {
  for (const { host, found } of services) {
    const published = found.settings.ports.find((one) => one.host === port && one.protocol === 'tcp');
    if (host !== member || published === undefined) continue;
    const name = portName(found.service, published, found.config.content);
    if (name !== undefined && name !== 'status') return { name: found.service, isHttp: name === 'http' };
  }
  return undefined;
}
