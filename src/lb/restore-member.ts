import { z } from 'zod';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { leasePath, removeLease } from './lease.ts';
import { asPlainData, type Plain } from './plain.ts';
import { externallyClosed, readMember } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** Also what a person took out: only a person gives that back. */
  byHand: z.boolean().default(false),
});

type Setting = Readonly<Record<string, string>>;

/** Settings of the servers, and what a lease says that they were before. */
type Back = {
  readonly lease: 'none' | 'recorded';
  readonly servers: { readonly [name: string]: Plain<Setting> };
  readonly before: { readonly [name: string]: Plain<Setting> };
};

const type = defineTask<typeof params, void, Back, void>({
  kind: 'backInTraffic',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `file:${leasePath(balancer.pool, member.node)}`,
  title: ({ balancer, member }) => `${balancer.pool}: ${member.node} is restored`,
  async read({ balancer, member, byHand }, host) {
    const { lease: found, servers } = await readMember(balancer, host, member);
    const lease = found?.kind === 'hand' && !byHand ? null : found;
    const theirs = lease === null ? [] : externallyClosed(servers, lease);
    const before = servers.flatMap(({ name }) => {
      const setting = lease?.before[name];
      // A server that is no longer in the balancer's configuration cannot be given back.
      return setting === undefined || theirs.includes(name) ? [] : [[name, asPlainData(setting)] as const];
    });
    return {
      lease: lease === null ? 'none' : 'recorded',
      servers: Object.fromEntries(servers.map(({ name, setting }) => [name, asPlainData(setting)])),
      before: Object.fromEntries(before),
    };
  },
  want: (_p, now) => ({
    lease: 'none',
    servers: { ...now?.servers, ...now?.before },
    before: now?.before ?? {},
  }),
  async write({ balancer, member }, { before: now }, host) {
    if (now === null || now.lease === 'none') return;
    await balancer.set(host, member, now.before);
    await removeLease(host, balancer.pool, member.node);
  },
});

/**
 * Gives a node back to a balancer exactly as its lease says it was before, then removes the lease. Without a lease there
 * is nothing to do: what others have taken out, or have closed since, stays out.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY | LB_REFUSED | LEASE_INVALID
 */
export const restoreMember = (p: z.input<typeof params>): Task<void> => type(p).delegate(p.balancer.host);
