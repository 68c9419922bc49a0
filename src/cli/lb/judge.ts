import { OrchError } from '../../core/base/errors.ts';
import { emptiesPool } from '../../core/play/empties-pool.ts';
import { holderOf } from '../../lb/lease.ts';
import { oneLine } from '../../render/lines/paint.ts';
import type { MemberReading, PoolSnapshot } from '../../traffic/pool-snapshot.ts';
import { isExternallyHeld } from './plays.ts';
import { hasRecord, isServing, memberAcceptsRequests, memberLabel, memberTakesOver } from './report.ts';

type Say = (message: string, host?: string) => void;

interface Drain {
  readonly nodes: readonly string[];
  readonly snapshot: PoolSnapshot;
  readonly say: Say;
  /** The operator has named the cluster to confirm the outage. */
  readonly outageConfirmed: boolean;
}

/**
 * Prints warnings before nodes are drained, and checks whether they may be.
 *
 * @throws OrchError OUTAGE_NOT_CONFIRMED when a pool, or one of its balancers, would have no serving node
 */
export function judgeDrain({ nodes, snapshot, say, outageConfirmed }: Drain): void {
  for (const one of snapshot.found) {
    if (!nodes.includes(one.poolMember.member.node) || !('view' in one)) continue;
    const { lease } = one.view;
    if (isExternallyHeld(one))
      say(`${memberLabel(one.poolMember)} is held externally; no changes made`, one.poolMember.balancer.host);
    // A run's lease is reported when it is taken over.
    if (lease?.kind === 'hand')
      say(
        `${memberLabel(one.poolMember)} already has a lease of ${lease.by} from ${lease.at} (${oneLine(lease.reason, 100)}); it is kept`,
        one.poolMember.balancer.host,
      );
  }
  const what = outageBy(nodes, snapshot);
  if (what === undefined) return;
  if (!outageConfirmed)
    throw new OrchError('OUTAGE_NOT_CONFIRMED', what, {
      hint: 'to accept the outage, add --yes-outage and the cluster name',
    });
  say(`${what}, as confirmed`);
}

/** Pools and balancers that would have no serving node, and other drains among the causes. */
function outageBy(nodes: readonly string[], snapshot: PoolSnapshot): string | undefined {
  const empty = leftWithout(nodes, snapshot);
  if (empty.length === 0) return undefined;
  const others = snapshot.found.flatMap((one) =>
    'view' in one &&
    !nodes.includes(one.poolMember.member.node) &&
    memberAcceptsRequests(one) &&
    one.view.lease !== null
      ? [`${one.poolMember.member.node} is being drained by ${holderOf(one.view.lease)}`]
      : [],
  );
  const why = others.length === 0 ? '' : `: ${[...new Set(others)].join(', ')}`;
  return `${empty.join(' and ')} will have no serving node${why}`;
}

/**
 * Pools without serving members, and balancers of a pool: clients of a balancer without members get nothing from
 * another balancer. Pools that could not be read are ignored.
 */
function leftWithout(nodes: readonly string[], { found }: PoolSnapshot): readonly string[] {
  const leaves = ({ poolMember }: MemberReading): boolean => nodes.includes(poolMember.member.node);
  const pools = new Set(found.map(({ poolMember }) => poolMember.pool.name));
  return [...pools].flatMap((pool) => {
    const balancers = new Set(
      found.flatMap(({ poolMember }) => (poolMember.pool.name === pool ? [poolMember.balancer.name] : [])),
    );
    const empty = [...balancers].filter((name) => {
      const behind = found.filter(({ poolMember }) => poolMember.balancer.name === name);
      return emptiesPool(behind, { leaves, serves: isServing, takesOver: memberTakesOver });
    });
    return empty.length === balancers.size ? [pool] : empty;
  });
}

interface Restore {
  readonly nodes: readonly string[];
  readonly snapshot: PoolSnapshot;
  /** All balancers have responded. */
  readonly complete: boolean;
  readonly say: Say;
  readonly all: boolean;
  readonly cluster: string;
}

/** Reports what is not restored, and why. */
export function judgeRestore({ nodes, snapshot, complete, say, all, cluster }: Restore): void {
  const records = snapshot.found.filter(hasRecord);
  for (const one of snapshot.found) {
    if (!('view' in one) || one.view.held.length === 0) continue;
    if (one.view.lease !== null || !all)
      say(`${memberLabel(one.poolMember)} is held externally; it stays held`, one.poolMember.balancer.host);
  }
  const where = complete ? '' : ' on the balancers that respond';
  if (all) {
    if (records.length === 0) say(`no node of ${cluster} has a lease${where}; nothing to restore`);
    return;
  }
  const recorded = new Set(records.map(({ poolMember }) => poolMember.member.node));
  for (const node of nodes) if (!recorded.has(node)) say(`${node} has no lease${where}; nothing to restore`);
}

/** Warns of leases that this inventory cannot restore. */
export function warnStrayLeases({ strays }: PoolSnapshot, say: Say): void {
  for (const { host, path } of strays) say(`stray lease ${path}: not a member in this inventory; it is kept`, host);
}
