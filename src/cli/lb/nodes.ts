import { OrchError } from '../../core/base/errors.ts';
import type { Inventory, UnmanagedPool } from '../../inventory/inventory.ts';
import { selectHosts } from '../../inventory/select.ts';
import { nodeBalancingOf, type PoolMember } from '../../traffic/pool-member.ts';
import { poolMembersOf } from '../../traffic/pool-snapshot.ts';

/** @throws OrchError USAGE | NO_HOSTS_MATCHED */
export function nodesOf(inventory: Inventory, patterns: readonly string[]): readonly string[] {
  const nodes = selectHosts(inventory, patterns.join(',')).map(({ name }) => name);
  const strangers = nodes.filter(
    (node) => (nodeBalancingOf(inventory, node, new Set())?.poolMembers ?? []).length === 0,
  );
  if (strangers.length === 0) return nodes;
  const unmanaged = unmanagedOf(inventory, strangers).map(({ name, reason }) => `${name} is unmanaged: ${reason}`);
  throw new OrchError(
    'USAGE',
    `${strangers.join(', ')} ${strangers.length === 1 ? 'is not a member' : 'are not members'} of any managed pool${unmanaged.length > 0 ? ` (${unmanaged.join('; ')})` : ''}`,
    { hint: `name members of a pool under load_balancers in ${inventory.file}` },
  );
}

/** All members of all pools of these nodes: the remaining ones decide whether a drain is safe. */
export function poolsAround(
  inventory: Inventory,
  nodes: readonly string[],
  leftOut: ReadonlySet<string>,
): readonly PoolMember[] {
  const all = poolMembersOf(inventory, leftOut);
  const pools = new Set(all.flatMap(({ pool, member }) => (nodes.includes(member.node) ? [pool.name] : [])));
  const poolMembers = all.filter(({ pool }) => pools.has(pool.name));
  if (poolMembers.length > 0) return poolMembers;
  throw new OrchError('USAGE', '--without-lb leaves no balancer that can be changed', { hint: 'omit it' });
}

/** Pools of these nodes with `driver: none`. */
export const unmanagedOf = ({ loadBalancers }: Inventory, nodes: readonly string[]): readonly UnmanagedPool[] =>
  [...loadBalancers.values()].flatMap((pool) =>
    pool.driver === 'none' && pool.members.some((node) => nodes.includes(node)) ? [pool] : [],
  );

/** @throws OrchError NO_POOLS */
export function refuseNoPools({ file }: Inventory, pattern: string): never {
  throw new OrchError('NO_POOLS', `no pool of ${file} matches "${pattern}"`, {
    hint: 'name members of its load_balancers, or hosts that these run on',
  });
}
