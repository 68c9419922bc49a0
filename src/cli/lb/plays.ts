import { OrchError } from '../../core/base/errors.ts';
import type { LockView } from '../../core/host/lock.ts';
import { type Play, type Plays, play } from '../../core/play/play.ts';
import { Later } from '../../core/task/later.ts';
import type { Steps } from '../../core/task/task.ts';
import { portsNamed, takesOrders } from '../../lb/before-drain.ts';
import { drainMember } from '../../lb/drain-member.ts';
import { notBeingRestored } from '../../lb/not-being-restored.ts';
import { othersTakeOver } from '../../lb/others-take-over.ts';
import { sticks } from '../../lb/read-member.ts';
import { restoreMember } from '../../lb/restore-member.ts';
import { nameList } from '../../render/lines/paint.ts';
import { type MemberViews, memberViews } from '../../traffic/member-views.ts';
import { at, balancersOf, type PoolMember } from '../../traffic/pool-member.ts';
import type { MemberReading, PoolSnapshot } from '../../traffic/pool-snapshot.ts';
import { untilEmpty } from '../../traffic/wait-idle.ts';
import { hasExpired } from '../lock/read-locks.ts';
import { environmentLockTimes } from '../lock/times.ts';
import { hasRecord } from './report.ts';

/** Input of the plays of `lb drain` and `lb restore`, which run only on the hosts of balancers. */
interface Common {
  readonly nodes: readonly string[];
  /** Members of the nodes' pools behind their balancers, the nodes included. */
  readonly poolMembers: readonly PoolMember[];
  /** Paths of the leases that members may have. */
  readonly records: readonly string[];
  /** Called with the snapshot before any change. @throws OrchError to prevent the change */
  judge(looked: PoolSnapshot): void;
}

export interface DrainPlays extends Common {
  /** `user@controller`. */
  readonly by: string;
  readonly reason: string;
  readonly wait: boolean;
  /** Ports of the node in pools behind the same balancer's host. */
  portsNamed(poolMember: PoolMember): readonly number[];
  /** An outage was confirmed: no other member needs to take over. */
  readonly mayEmpty: boolean;
  /** Stages: `looking`: unchanged; `draining`: the drain is about to start; `drained`. */
  reached(stage: 'looking' | 'draining' | 'drained'): void;
}

/**
 * Drains nodes on all their balancers: reads all, then drains all, then waits. Leaves nodes in external maintenance
 * unchanged.
 */
export function* drainPlays(drain: DrainPlays): Plays {
  const { by, reason, nodes } = drain;
  const looked = yield* look(drain, {
    *also(poolMembers) {
      const mine = poolMembers.filter(({ member }) => nodes.includes(member.node));
      for (const poolMember of mine) yield takesOrders(at(poolMember));
      for (const poolMember of mine) yield portsNamed({ ...at(poolMember), ports: [...drain.portsNamed(poolMember)] });
    },
  });
  if (looked !== undefined) drain.judge(looked);
  const wanted = mine(drain, looked, (one) => !isExternallyHeld(one));
  if (wanted.length === 0) return;
  const names = namesOf(wanted);
  if (looked !== undefined) drain.reached('draining');
  if (!drain.mayEmpty) yield* recordDrain(drain, wanted, looked);
  const drained = yield* overHosts(`Drain ${names}`, wanted, function* (poolMembers, host) {
    for (const poolMember of poolMembers) yield notBeingRestored(at(poolMember));
    for (const poolMember of poolMembers)
      yield drainMember({ ...at(poolMember), by, reason, how: 'drained', kind: 'hand' });
    return yield* memberViews({ host, poolMembers, records: drain.records });
  });
  const after = foundIn(drained, wanted);
  if (after !== undefined) drain.reached('drained');
  if (!drain.wait) return;
  const sticky = new Set(
    after?.found.flatMap((one) => ('view' in one && one.view.servers.some(sticks) ? [one.poolMember] : [])),
  );
  const have = names.includes(',') ? 'have' : 'has';
  yield* overHosts(`Wait until ${names} ${have} no sessions`, wanted, function* (poolMembers) {
    for (const poolMember of poolMembers)
      yield* untilEmpty(poolMember, { sticky: sticky.has(poolMember), by, reason, kind: 'hand', onTimeout: 'fail' });
  });
}

/**
 * Writes the leases, then checks whether another drain has begun meanwhile: without a lock, this keeps two drains from
 * emptying a pool. A run that sees these leases withdraws, and this drain waits for that.
 *
 * @throws OrchError OUTAGE_NOT_CONFIRMED when a pool would be empty; the leases are removed then
 */
function* recordDrain(
  { by, reason, nodes, poolMembers: around, reached }: DrainPlays,
  wanted: readonly PoolMember[],
  looked: PoolSnapshot | undefined,
): Generator<Play, void, unknown> {
  const others = around.filter(({ member }) => !nodes.includes(member.node));
  const seen = yield* overHosts(`Record the drain of ${namesOf(wanted)}`, wanted, function* (poolMembers) {
    for (const poolMember of poolMembers) yield notBeingRestored(at(poolMember));
    for (const poolMember of poolMembers)
      yield drainMember({ ...at(poolMember), by, reason, how: 'leased', kind: 'hand' });
    const reasons: string[] = [];
    for (const poolMember of poolMembers) {
      const beside = others.filter(({ balancer }) => balancer.name === poolMember.balancer.name);
      reasons.push(
        yield* othersTakeOver({ ...at(poolMember), others: beside.map(({ member }) => member), patient: true }),
      );
    }
    return reasons;
  });
  if (looked === undefined) return;
  const reasons = [...seen.values()].flatMap((all) => all ?? []).filter((reason) => reason !== '');
  if (reasons.length === 0) return;
  // Members with an earlier lease keep it.
  const begun = looked.found.flatMap((one) =>
    'view' in one && one.view.lease === null && wanted.includes(one.poolMember) ? [one.poolMember] : [],
  );
  yield* overHosts(`Restore ${namesOf(begun)}`, begun, function* (poolMembers) {
    for (const poolMember of poolMembers) yield restoreMember({ ...at(poolMember), byHand: true, isAlive });
  });
  reached('looking');
  throw new OrchError('OUTAGE_NOT_CONFIRMED', `${reasons.join('; ')}; this drain was taken back`, {
    hint: 'restore the other node first, or wait until it is back; to accept the outage, add --yes-outage and the cluster name',
  });
}

/** No lease of api7-orch, and no server left to drain. */
export const isExternallyHeld = (one: MemberReading): boolean =>
  'view' in one && one.view.lease === null && one.view.servers.every(({ name }) => one.view.held.includes(name));

/** By the same signs as a takeover of the lock: a run that was killed on this machine counts as ended. */
const isAlive = (lock: LockView): boolean => !hasExpired(lock, environmentLockTimes());

/** For a mark without a drain: the operator vouches for the node. */
const PASSED = { soak: 'passed' } as const;

/** Restores all leases on each balancer that responds. Changes nothing without a lease. */
export function* restorePlays(restore: Common): Plays {
  const looked = yield* look(restore, { tolerant: true });
  if (looked !== undefined) restore.judge(looked);
  const wanted = mine(restore, looked, hasRecord);
  const marked = looked?.found.filter((one) => 'view' in one && one.view.soaking !== undefined) ?? [];
  const isMarked = (member: PoolMember): boolean => marked.some(({ poolMember }) => poolMember === member);
  if (wanted.length > 0)
    yield* overHosts(`Restore ${namesOf(wanted)}`, wanted, function* (poolMembers) {
      for (const poolMember of poolMembers)
        yield restoreMember({ ...at(poolMember), byHand: true, isAlive, ...(isMarked(poolMember) ? PASSED : {}) });
    });
  // Last, so that one unreachable balancer does not prevent restores on the others.
  if (looked !== undefined) refuseUnknown(restore, looked);
}

/** @throws OrchError with all errors about the nodes themselves */
export function refuseUnknown({ nodes }: Pick<Common, 'nodes'>, { found }: PoolSnapshot): void {
  const faults = found.flatMap((one) =>
    'error' in one && nodes.includes(one.poolMember.member.node) ? [one.error] : [],
  );
  const [first] = faults;
  if (first === undefined) return;
  throw new OrchError(first.code, [...new Set(faults.map(({ message }) => message))].join('; '), {
    hint: first.hint,
    host: first.host,
  });
}

/** Members of the nodes of the right kind; all of them offline, before anything is known. */
function mine(
  { nodes, poolMembers }: Common,
  looked: PoolSnapshot | undefined,
  fits: (one: MemberReading) => boolean,
): readonly PoolMember[] {
  const fitting = looked === undefined ? poolMembers : looked.found.filter(fits).map(({ poolMember }) => poolMember);
  return fitting.filter(({ member }) => nodes.includes(member.node));
}

const namesOf = (poolMembers: readonly PoolMember[]): string =>
  nameList([...new Set(poolMembers.map(({ member }) => member.node))]);

/** Reads all members once. Undefined offline. */
function* look(
  { poolMembers, records }: Common,
  { tolerant = false, also }: { readonly tolerant?: boolean; also?(poolMembers: readonly PoolMember[]): Steps } = {},
): Generator<Play, PoolSnapshot | undefined, unknown> {
  const seen = yield* overHosts('Read balancers', poolMembers, function* (those, host) {
    const views = yield* memberViews({ host, poolMembers: those, records, tolerant });
    if (also !== undefined) yield* also(those);
    return views;
  });
  return foundIn(seen, poolMembers);
}

/** A play on these members' balancer hosts, each with its own members. */
const overHosts = <R>(
  name: string,
  poolMembers: readonly PoolMember[],
  tasks: (poolMembers: readonly PoolMember[], host: string) => Steps<R>,
): Play<R> =>
  play({
    name,
    hosts: balancersOf(poolMembers).join(','),
    tasks: (host) => tasks(onHost(poolMembers, host.name), host.name),
  });

const onHost = (poolMembers: readonly PoolMember[], host: string): readonly PoolMember[] =>
  poolMembers.filter(({ balancer }) => balancer.host === host);

/** The results of a play with `memberViews`; an unreachable host has none. */
function foundIn(
  results: ReadonlyMap<string, MemberViews | undefined>,
  poolMembers: readonly PoolMember[],
): PoolSnapshot | undefined {
  const all = [...results];
  if (all.some(([, value]) => value instanceof Later)) return undefined;
  const found = all.flatMap(([host, value]) =>
    onHost(poolMembers, host).flatMap((poolMember, i): readonly MemberReading[] => {
      const { view = null, error = null } = value?.poolMembers[i] ?? {};
      if (view !== null) return [{ poolMember, view }];
      return error === null ? [] : [{ poolMember, error }];
    }),
  );
  return { found, strays: all.flatMap(([, value]) => value?.strays ?? []) };
}
