import pLimit from 'p-limit';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import type { MemberView } from '../core/host/balancer.ts';
import type { Connection, Reader } from '../core/host/connection.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { LEASES, leasePath } from '../lb/lease.ts';
import { readMember } from '../lb/read-member.ts';
import { balancersOf, nodeBalancingOf, type PoolMember } from './pool-member.ts';

/** A balancer's view of one member, or the error of reading it. */
export type MemberReading =
  | { readonly poolMember: PoolMember; readonly view: MemberView }
  | { readonly poolMember: PoolMember; readonly error: ErrorInfo };

/** A lease on a balancer's host for a node that is no member in this inventory. */
export interface Stray {
  readonly host: string;
  readonly path: string;
}

export interface PoolSnapshot {
  readonly found: readonly MemberReading[];
  readonly strays: readonly Stray[];
}

/** How connections are opened. */
export interface Connections {
  get(host: string): Promise<Connection>;
}

/** All members of all managed pools behind each balancer, in the order of the inventory. */
export const poolMembersOf = (inventory: Inventory, leftOut: ReadonlySet<string> = new Set()): readonly PoolMember[] =>
  [...inventory.hosts.keys()].flatMap((node) => nodeBalancingOf(inventory, node, leftOut)?.poolMembers ?? []);

/** Reads all these members, each balancer once. Never throws: an error becomes the member's finding. */
export async function readPoolMembers(
  inventory: Inventory,
  poolMembers: readonly PoolMember[],
  { hosts, forks }: { readonly hosts: Connections; readonly forks: number },
): Promise<PoolSnapshot> {
  const records = new Set(recordsOf(inventory));
  const names = balancersOf(poolMembers);
  const looks = await pLimit(forks).map(names, async (name): Promise<PoolSnapshot> => {
    const behind = poolMembers.filter(({ balancer }) => balancer.host === name);
    try {
      const host = await hosts.get(name);
      const [found, strays] = await Promise.all([
        Promise.all(behind.map((poolMember) => readPoolMember(host, poolMember))),
        straysOn(records, host),
      ]);
      return { found, strays };
    } catch (error) {
      const fault = errorInfoOf(error, { host: name });
      return { found: behind.map((poolMember) => ({ poolMember, error: fault })), strays: [] };
    }
  });
  const found = new Map(looks.flatMap((one) => one.found).map((one) => [one.poolMember, one]));
  return {
    found: poolMembers.flatMap((poolMember) => found.get(poolMember) ?? []),
    strays: looks.flatMap(({ strays }) => strays),
  };
}

const readPoolMember = (host: Reader, poolMember: PoolMember): Promise<MemberReading> =>
  readMember(poolMember.balancer, host, poolMember.member).then(
    (view) => ({ poolMember, view }),
    (error: unknown) => ({ poolMember, error: errorInfoOf(error, { host: host.name }) }),
  );

/** Paths of all leases that members of this inventory may have. */
export const recordsOf = ({ loadBalancers }: Inventory): readonly string[] =>
  [...loadBalancers.values()].flatMap(({ name, members }) => members.map((node) => leasePath(name, node)));

/**
 * Leases on this host that are not among the known ones: of another cluster, or of a host removed from the inventory.
 */
export async function straysOn(known: ReadonlySet<string>, host: Reader): Promise<readonly Stray[]> {
  const files = await host.tree(LEASES).catch(() => null);
  return Object.keys(files ?? {})
    .map((file) => `${LEASES}/${file}`)
    .filter((path) => path.endsWith('.json') && !known.has(path))
    .sort()
    .map((path) => ({ host: host.name, path }));
}
