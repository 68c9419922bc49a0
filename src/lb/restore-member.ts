import { z } from 'zod';
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
  /** Also what a person took out: only a person gives that back. */
  byHand: z.boolean().default(false),
  /** Whether the run that holds this lock is alive: its lease is left to it. Left out: this is not checked. */
  isAlive: z.custom<(lock: LockView) => boolean>((value) => typeof value === 'function').optional(),
  /** The run that has drained the node; what another run has made its own since then is an error. Left out: any lease of a run. */
  run: z.string().optional(),
  /**
   * Only so much of its traffic, in percent, on servers that can have a part of it. The lease stays, with what they had before: a later
   * restore, by whichever run, gives them that. Left out: all of it.
   */
  percent: z.int().min(1).max(99).optional(),
  /** It is soaked next: the lease of a run stays as a mark, which a restore without this removes. */
  soaks: z.boolean().default(false),
});

type Params = z.output<typeof params>;

type Setting = Readonly<Record<string, string>>;

/** Settings of the servers, and what a lease says that they were before. */
type Back = {
  readonly lease: 'none' | 'recorded' | 'soaking';
  readonly servers: { readonly [name: string]: Plain<Setting> };
  readonly before: { readonly [name: string]: Plain<Setting> };
  /** It gets a part of its traffic, so the lease stays. */
  readonly isPart: boolean;
  /** Who keeps it out of traffic, for people; '': nobody does. */
  readonly holder: string;
};

const type = defineTask<typeof params, void, Back, string>({
  kind: 'backInTraffic',
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
      servers: Object.fromEntries(view.servers.map(({ name, setting }) => [name, asPlainData(setting)])),
      before: asPlainData(before),
      isPart,
      holder: lease === null && view.lease !== null ? holderOf(view.lease) : '',
    };
  },
  want: ({ soaks }, now) => ({
    lease: now?.isPart ? now.lease : soaks && now !== null && now?.lease !== 'none' ? 'soaking' : 'none',
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
      if (lease === null && view.soaking !== undefined && !p.soaks) {
        await refuseOfLivingRun(p, view.soaking, host);
        return await swapLease(host, { ...where, leaseDigest: view.leaseDigest, to: null });
      }
      if (lease === null) return true;
      await refuseOfLivingRun(p, lease, host);
      if (isOfAnotherRun(lease, run)) throw nodeTaken(member.node, balancer.name, lease);
      // From here on a person who drains the node waits until it is restored.
      const to = { ...lease, restoring: new Date().toISOString() };
      const { before, isPart } = settingsToRestore(p, view, lease);
      const { restoring: _, ...kept } = lease;
      if (!(await swapLease(host, { ...where, leaseDigest: view.leaseDigest, to }))) return false;
      await balancer.set(host, member, before);
      const soaking = p.soaks && lease.kind === 'run' ? { ...kept, soaking: to.restoring } : null;
      if (await swapLease(host, { ...where, leaseDigest: leaseDigestOf(to), to: isPart ? kept : soaking })) return true;
      // She has not waited any longer: what was restored here is drained again.
      const { lease: taken } = await readMember(balancer, host, member);
      if (taken !== null) await balancer.set(host, member, (taken.closed ?? []).length > 0 ? 'closed' : 'drained');
      return true;
    });
  },
  result: ({ holder }) => holder,
});

/** Restored by a person, a node could get requests right before the run stops it. */
async function refuseOfLivingRun({ balancer, member, isAlive }: Params, lease: Lease, host: Connection): Promise<void> {
  if (isAlive === undefined || lease.kind !== 'run' || lease.run === undefined) return;
  const lock = await host.lock.view();
  if (lock.record?.run === lease.run && isAlive(lock)) throw nodeTaken(member.node, balancer.name, lease);
}

/** What a person has drained only a person gives back. */
const leaseToRestore = ({ byHand }: Params, { lease }: MemberView): Lease | null =>
  lease?.kind === 'hand' && !byHand ? null : lease;

/**
 * Settings before the drain, or those that give a part of the traffic, and whether some do. A server that is no longer in the
 * balancer's configuration cannot be given back.
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
 * Gives a node back to a balancer exactly as its lease says it was before, then removes the lease, or with `soaks` leaves it as a mark.
 * Without a lease there is nothing to do: what others have taken out, or have closed since, stays out. `yield*` gives who keeps it out
 * of traffic, '' when nobody does.
 *
 * @throws OrchError NODE_TAKEN | LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY | LB_REFUSED | LEASE_INVALID
 */
export const restoreMember = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);
