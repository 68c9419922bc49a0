import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Lease, MemberView } from '../core/host/balancer.ts';
import type { Connection } from '../core/host/connection.ts';
import type { LockView } from '../core/host/lock.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { holderOf, isOfAnotherRun, leaseDigestOf, leasePath, nodeTaken, swapLease, untilSwapped } from './lease.ts';
import { asPlainData, type Plain } from './plain.ts';
import { externallyClosed, readMember } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** Also restores an operator's drain: only an operator does that. */
  byHand: z.boolean().default(false),
  /** Whether the run that holds this lock is alive: its lease is left alone. Absent: not checked. */
  isAlive: z.custom<(lock: LockView) => boolean>((value) => typeof value === 'function').optional(),
  /** Id of the draining run; a lease of another run is an error then. Absent: any run's lease. */
  run: z.string().optional(),
  /**
   * Only this percentage of its traffic, on servers that support it. The lease stays, with the previous settings: a
   * later restore by any run applies those. Absent: all traffic.
   */
  percent: z.int().min(1).max(99).optional(),
  /**
   * `due`: a soak follows, and the run's lease stays as a mark. `passed`: the mark goes. Absent: a mark stays, also one that a drain has
   * made part of its lease.
   */
  soak: z.enum(['due', 'passed']).optional(),
});

type Params = z.output<typeof params>;

type Setting = Readonly<Record<string, string>>;

/** Settings of the servers, and the previous ones from the lease. */
type Back = {
  readonly lease: 'none' | 'recorded' | 'soaking';
  /** The lease contains the mark of a soak that was not passed before the drain. */
  readonly soakDue: boolean;
  readonly servers: { readonly [name: string]: Plain<Setting> };
  readonly before: { readonly [name: string]: Plain<Setting> };
  /** The node gets a part of its traffic, so the lease stays. */
  readonly isPart: boolean;
  /** Who keeps it drained, for people; '' if it was restored. */
  readonly holder: string;
};

const type = defineTask<typeof params, void, Back, string>({
  kind: 'restoreMember',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `file:${leasePath(balancer.pool, member.node)}`,
  title: ({ balancer, member }) => `${balancer.pool}: ${member.node} is restored`,
  async read(p, host) {
    const view = await readMember(p.balancer, host, p.member);
    const lease = leaseToRestore(p, view);
    const { before, isPart } = settingsToRestore(p, view, lease);
    return {
      lease: lease !== null ? 'recorded' : view.soaking === undefined ? 'none' : 'soaking',
      soakDue: lease?.soakDue !== undefined,
      servers: Object.fromEntries(view.servers.map(({ name, setting }) => [name, asPlainData(setting)])),
      before: asPlainData(before),
      isPart,
      holder: lease === null && view.lease !== null ? holderOf(view.lease) : '',
    };
  },
  want: (p, now) => ({
    lease: leaseAfter(p, now),
    soakDue: now?.isPart === true && now.soakDue,
    servers: { ...now?.servers, ...now?.before },
    before: now?.before ?? {},
    isPart: now?.isPart ?? false,
    holder: now?.holder ?? '',
  }),
  async write(p, _change, host) {
    const { balancer, member, run } = p;
    const where = { pool: balancer.pool, node: member.node };
    await untilSwapped(where.pool, where.node, async () => {
      const view = await readMember(balancer, host, member);
      const lease = leaseToRestore(p, view);
      if (lease === null && view.soaking !== undefined && p.soak === 'passed') {
        await refuseOfLivingRun(p, view.soaking, host);
        return await swapLease(host, { ...where, leaseDigest: view.leaseDigest, to: null });
      }
      if (lease === null) return true;
      await refuseOfLivingRun(p, lease, host);
      if (isOfAnotherRun(lease, run)) throw nodeTaken(member.node, balancer.name, lease);
      // From here on an operator's drain waits until the restore is done.
      const to = { ...lease, restoring: new Date().toISOString() };
      const { before, isPart } = settingsToRestore(p, view, lease);
      const { restoring: _, ...kept } = lease;
      const { soakDue, ...rest } = kept;
      const after = leaseAfter(p, { lease: 'recorded', isPart, soakDue: soakDue !== undefined });
      const mark = { ...rest, soaking: p.soak === 'due' ? to.restoring : (soakDue ?? to.restoring) };
      const left = { none: null, recorded: kept, soaking: mark }[after];
      const marked = await swapLease(host, { ...where, leaseDigest: view.leaseDigest, to }).catch((error: unknown) => {
        // To remove a lease takes no space: a full disk of the balancer must not keep a node drained.
        if (left === null && isDiskFull(error)) return undefined;
        throw error;
      });
      if (marked === false) return false;
      await balancer.set(host, member, before);
      const leaseDigest = marked === undefined ? view.leaseDigest : leaseDigestOf(to);
      if (await swapLease(host, { ...where, leaseDigest, to: left })) return true;
      // An operator drained the node during the restore: the drain is applied again.
      const { lease: taken } = await readMember(balancer, host, member);
      if (taken !== null) await balancer.set(host, member, (taken.closed ?? []).length > 0 ? 'closed' : 'drained');
      return true;
    });
  },
  result: ({ holder }) => holder,
});

const isDiskFull = (error: unknown): boolean => error instanceof OrchError && error.code === 'DISK_FULL';

/** The lease after the restore. */
function leaseAfter(
  { soak }: Params,
  now: Pick<Back, 'lease' | 'isPart' | 'soakDue'> | null | undefined,
): Back['lease'] {
  if (now === null || now === undefined || now.lease === 'none') return 'none';
  if (now.isPart) return now.lease;
  if (soak === 'passed') return 'none';
  return soak === 'due' || now.lease === 'soaking' || now.soakDue ? 'soaking' : 'none';
}

/** An operator's restore could send requests to the node right before the run stops it. */
async function refuseOfLivingRun({ balancer, member, isAlive }: Params, lease: Lease, host: Connection): Promise<void> {
  if (isAlive === undefined || lease.kind !== 'run' || lease.run === undefined) return;
  const lock = await host.lock.view();
  if (lock.record?.run === lease.run && isAlive(lock)) throw nodeTaken(member.node, balancer.name, lease);
}

/** Only an operator restores an operator's drain. */
const leaseToRestore = ({ byHand }: Params, { lease }: MemberView): Lease | null =>
  lease?.kind === 'hand' && !byHand ? null : lease;

/**
 * The previous settings, or the ones for a part of the traffic, and whether some are. Leaves out servers that the
 * balancer no longer has.
 */
function settingsToRestore(
  { balancer, percent }: Params,
  { servers }: MemberView,
  lease: Lease | null,
): { readonly before: Lease['before']; readonly isPart: boolean } {
  if (lease === null) return { before: {}, isPart: false };
  const external = externallyClosed(servers, lease);
  const known = servers.filter(({ name }) => lease.before[name] !== undefined && !external.includes(name));
  const settings = known.map(({ name }) => {
    const before = lease.before[name] ?? {};
    const part = percent === undefined ? undefined : balancer.partOf?.(before, percent);
    return { name, setting: part ?? before, isPart: part !== undefined };
  });
  return {
    before: Object.fromEntries(settings.map(({ name, setting }) => [name, setting])),
    isPart: settings.some(({ isPart }) => isPart),
  };
}

/**
 * Restores a node on a balancer to the settings of its lease, then removes the lease, or by `soak` keeps it as a
 * mark. Without a lease there is nothing to do: external drains and external maintenance stay. `yield*` returns who
 * keeps it drained, '' if it was restored.
 *
 * @throws OrchError NODE_TAKEN | LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY | LB_REFUSED | LEASE_INVALID
 */
export const restoreMember = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);
