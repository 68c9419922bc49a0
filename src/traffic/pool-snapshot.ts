import pLimit from 'p-limit';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import type { MemberView } from '../core/host/balancer.ts';
import type { Connection, Reader } from '../core/host/connection.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { LEASES, leasePath } from '../lb/lease.ts';
import { readMember } from '../lb/read-member.ts';
import { nodeBalancingOf, type PoolMember } from './pool-member.ts';

/** What a balancer shows of one member, or why it cannot be told. */
export type Found =
  | { readonly seat: PoolMember; readonly view: MemberView }
  | { readonly seat: PoolMember; readonly error: ErrorInfo };

/** A record of a drain, on a balancer's host, of somebody who is no member by this inventory. */
export interface Stray {
  readonly host: string;
  readonly path: string;
}

export interface PoolSnapshot {
  readonly found: readonly Found[];
  readonly strays: readonly Stray[];
}

/** Where connections come from. */
export interface Connections {
  get(host: string): Promise<Connection>;
}

/** Every member of every pool behind every balancer that can be spoken to, in the order of the inventory. */
export const poolMembersOf = (inventory: Inventory, leftOut: ReadonlySet<string> = new Set()): readonly PoolMember[] =>
  [...inventory.hosts.keys()].flatMap((node) => nodeBalancingOf(inventory, node, leftOut)?.seats ?? []);

/** Asks each balancer once about all these seats. Whatever goes wrong is a finding: nothing is thrown. */
export async function readPoolMembers(
  inventory: Inventory,
  seats: readonly PoolMember[],
  { hosts, forks }: { readonly hosts: Connections; readonly forks: number },
): Promise<PoolSnapshot> {
  const records = new Set(recordsOf(inventory));
  const names = [...new Set(seats.map(({ balancer }) => balancer.host))];
  const looks = await pLimit(forks).map(names, async (name): Promise<PoolSnapshot> => {
    const mine = seats.filter(({ balancer }) => balancer.host === name);
    try {
      const host = await hosts.get(name);
      const [found, strays] = await Promise.all([
        Promise.all(mine.map((seat) => lookAtSeat(host, seat))),
        straysOn(records, host),
      ]);
      return { found, strays };
    } catch (error) {
      const fault = errorInfoOf(error, { host: name });
      return { found: mine.map((seat) => ({ seat, error: fault })), strays: [] };
    }
  });
  const found = new Map(looks.flatMap((one) => one.found).map((one) => [one.seat, one]));
  return {
    found: seats.flatMap((seat) => found.get(seat) ?? []),
    strays: looks.flatMap(({ strays }) => strays),
  };
}

const lookAtSeat = (host: Reader, seat: PoolMember): Promise<Found> =>
  readMember(seat.balancer, host, seat.member).then(
    (view) => ({ seat, view }),
    (error: unknown) => ({ seat, error: errorInfoOf(error, { host: host.name }) }),
  );

/** Where drains of the members of this inventory are on record. */
export const recordsOf = ({ loadBalancers }: Inventory): readonly string[] =>
  [...loadBalancers.values()].flatMap(({ name, members }) => members.map((node) => leasePath(name, node)));

/** Records on this host that are not among the known ones: of another cluster, or of a host that was taken out. */
export async function straysOn(known: ReadonlySet<string>, host: Reader): Promise<readonly Stray[]> {
  const files = await host.tree(LEASES).catch(() => null);
  return Object.keys(files ?? {})
    .map((file) => `${LEASES}/${file}`)
    .filter((path) => path.endsWith('.json') && !known.has(path))
    .sort()
    .map((path) => ({ host: host.name, path }));
}
