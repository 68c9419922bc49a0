import { defined } from '../../core/base/data.ts';
import { redact } from '../../core/base/redact.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import { redactError } from '../../core/event/redact-event.ts';
import type { Lease, ServerState, ServerView } from '../../core/host/balancer.ts';
import type { Inventory, LoadBalancerSettings } from '../../inventory/inventory.ts';
import { acceptsEverywhere, getsRequests, takesOver } from '../../lb/read-member.ts';
import type { PoolMember } from '../../traffic/pool-member.ts';
import type { MemberReading, PoolSnapshot, Stray } from '../../traffic/pool-snapshot.ts';

/** `lb status -o json`, as docs/operations.md describes it: later versions add fields and never remove one. */
export interface PoolsReport {
  readonly cluster: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly pools: readonly PoolReport[];
  readonly strays: readonly Stray[];
  /** Each error once, for any number of members. */
  readonly errors: readonly ErrorInfo[];
}

export interface PoolReport {
  readonly name: string;
  readonly driver: LoadBalancerSettings['driver'];
  readonly port: number | null;
  /** The inventory's reason; only with the driver `none`. */
  readonly reason?: string;
  readonly members: readonly MemberReport[];
}

interface MemberReport {
  readonly node: string;
  readonly address: string;
  readonly balancers: readonly BalancerReport[];
}

/** One balancer's view of one member; `error` instead if it could not be read. */
export type BalancerReport = BalancerEntry | { readonly host: string; readonly error: ErrorInfo };

export interface BalancerEntry {
  readonly host: string;
  /** `mixed`: its servers differ. */
  readonly state: ServerState | 'mixed';
  /** All its servers together; `null`: the balancer does not report them. */
  readonly sessions: number | null;
  readonly servers: readonly Pick<ServerView, 'name' | 'state' | 'sessions' | 'sticky'>[];
  /** The lease of api7-orch. */
  readonly lease: Pick<Lease, 'by' | 'at' | 'reason' | 'kind'> | null;
  /** ISO time since when it has all of its traffic again after a change, without a passed soak; absent otherwise. */
  readonly soaking?: string;
  /** Externally drained servers. */
  readonly held: readonly string[];
}

/** The snapshot by pool. Pure. `keeps`: selects the members, and a member's balancers. */
export function poolsReport(
  { cluster, hosts, loadBalancers }: Inventory,
  { found, strays }: PoolSnapshot,
  { at, keeps }: { readonly at: Date; readonly keeps: (node: string, balancer?: string) => boolean },
): PoolsReport {
  const pools = [...loadBalancers.values()].flatMap((pool): readonly PoolReport[] => {
    const mine = found.filter(({ poolMember }) => poolMember.pool.name === pool.name);
    const members = pool.members.flatMap((node): readonly MemberReport[] => {
      const balancers = mine
        .filter(({ poolMember }) => poolMember.member.node === node && keeps(node, poolMember.balancer.host))
        .map(balancerReport);
      if (balancers.length === 0 && !keeps(node)) return [];
      return [{ node, address: hosts.get(node)?.address ?? node, balancers }];
    });
    const { name, driver, port = null } = pool;
    return members.length === 0
      ? []
      : [{ name, driver, port, ...(pool.driver === 'none' ? { reason: pool.reason } : {}), members }];
  });
  const memberViews = pools.flatMap(({ members }) => members.flatMap(({ balancers }) => balancers));
  const errors = new Map(
    memberViews.flatMap((one) => ('error' in one ? [[JSON.stringify(one.error), one.error] as const] : [])),
  );
  return { cluster, at: at.toISOString(), pools, strays, errors: [...errors.values()] };
}

/** One member in the form of the report. */
export function balancerReport(one: MemberReading): BalancerReport {
  const { host } = one.poolMember.balancer;
  if ('error' in one) return { host, error: redactError(one.error) };
  const { servers, lease, soaking, held } = one.view;
  const [first = 'down', ...others] = new Set(servers.map(({ state }) => state));
  const counted = servers.flatMap(({ sessions }) => sessions ?? []);
  return {
    host,
    state: others.length > 0 ? 'mixed' : first,
    sessions: counted.length === 0 ? null : counted.reduce((sum, sessions) => sum + sessions, 0),
    servers: servers.map(({ name, state, sessions, sticky }) => ({ name, state, sessions, sticky })),
    lease: lease && { by: redact(lease.by), at: lease.at, reason: redact(lease.reason), kind: lease.kind },
    ...defined({ soaking: soaking?.soaking }),
    held,
  };
}

/** In service there, and not held. */
export const isHealthy = (one: BalancerReport): boolean =>
  !('error' in one) && one.state === 'up' && one.lease === null && one.held.length === 0;

/** A lease exists, or the mark of a node that is being soaked. */
export const hasRecord = (one: MemberReading): boolean =>
  'view' in one && (one.view.lease !== null || one.view.soaking !== undefined);

/** It gets requests from this balancer, or has running ones. */
export const isServing = (one: MemberReading): boolean => 'view' in one && one.view.servers.some(getsRequests);

/** It accepts new requests now, in each backend that has a server in service. */
export const memberAcceptsRequests = (one: MemberReading): boolean =>
  'view' in one && acceptsEverywhere(one.view.servers);

/** The same, and no drain of it has begun. */
export const memberTakesOver = (one: MemberReading): boolean => 'view' in one && takesOver(one.view);

/** `gw-1 in gateways on lb-1`. */
export const memberLabel = ({ balancer, member }: PoolMember): string => `${member.node} in ${balancer.name}`;
