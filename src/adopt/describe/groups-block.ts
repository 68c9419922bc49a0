import type { HostsInventory } from '../../inventory/load.ts';
import type { FoundPools } from '../pools/found-pool.ts';
import { refusal } from '../running/refusal.ts';
import type { LateRefusal, ServiceOn } from './described.ts';

export interface GroupsBlock {
  /** The block as it is to be written. */
  readonly value: ReadonlyMap<string, unknown>;
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly refusals: readonly LateRefusal[];
  readonly notes: readonly string[];
}

/** The groups as they were written, and those that playbooks need, made of what was found where the file has none of that name. */
export function groupsBlock(
  { written, groups }: HostsInventory,
  services: readonly ServiceOn[],
  balancers: readonly (FoundPools & { readonly host: string })[],
): GroupsBlock {
  const runs = (isOf: (service: string) => boolean): readonly string[] => [
    ...new Set(services.filter(({ found }) => isOf(found.service)).map(({ host }) => host)),
  ];
  const wanted: readonly (readonly [string, readonly string[]])[] = [
    ['control_plane', runs((service) => service !== 'gateway')],
    ['data_plane', runs((service) => service === 'gateway')],
    ['load_balancer', balancers.filter(({ pools }) => pools.length > 0).map(({ host }) => host)],
  ];
  const own = written.get('groups');
  const value = new Map<string, unknown>(own instanceof Map ? own : []);
  const members = new Map(groups);
  for (const [name, hosts] of wanted)
    if (!groups.has(name) && hosts.length > 0) {
      value.set(name, { hosts });
      members.set(name, hosts);
    }
  const homeOf = (service: string): string => (service === 'gateway' ? 'data_plane' : 'control_plane');
  const strangers = services.filter(({ host, found }) => members.get(homeOf(found.service))?.includes(host) !== true);
  const idle = wanted.flatMap(([name, hosts]) =>
    name === 'load_balancer'
      ? []
      : (members.get(name) ?? [])
          .filter((host) => !hosts.includes(host))
          .map((host) => `${host}: it is in the group ${name}, and nothing of that runs there: install would start it`),
  );
  return {
    value,
    members,
    refusals: strangers.map(({ host, found }) => ({
      host,
      service: found.service,
      refusal: refusal(
        'GROUP',
        `${found.container.name}: ${host} is not in the group ${homeOf(found.service)}`,
        `add ${host} to the hosts of groups.${homeOf(found.service)}`,
      ),
    })),
    notes: idle,
  };
}
