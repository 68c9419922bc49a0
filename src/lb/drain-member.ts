import { z } from 'zod';
import { defined } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Lease, MemberView, ServerView } from '../core/host/balancer.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { holderOf, leasePath, nodeHeld, readLease, swapLease, untilSwapped } from './lease.ts';
import { downAlone, getsNoRequests, isDrainedOrMaintenance, readMember } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** Who drains it: `user@controller`. */
  by: z.string().min(1),
  reason: z.string().min(1),
  /** ISO time; default: the time of the write. */
  at: z.string().optional(),
  /** `leased`: only write the lease. `drained`: no new requests except sticky ones. `closed`: no requests at all. */
  how: z.enum(['leased', 'drained', 'closed']),
  /** Kind of the lease; `hand` turns a run's lease into an operator's. */
  kind: z.enum(['hand', 'run']).default('run'),
  /** Id of the draining run; it takes over a lease that an earlier run left. */
  run: z.string().optional(),
  /** Also drains a node that an operator holds; false: that is an error. */
  evenHeld: z.boolean().default(true),
});

type Params = z.output<typeof params>;

type Out = {
  readonly lease: 'none' | 'recorded';
  readonly servers: { readonly [name: string]: string };
};

const type = defineTask<typeof params, void, Out, void>({
  kind: 'drainMember',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `file:${leasePath(balancer.pool, member.node)}`,
  title: ({ balancer, member, how }) =>
    `${balancer.pool}: ${member.node} ${how === 'leased' ? 'has a lease' : `is ${how}`}`,
  async read(p, host) {
    const { balancer, member, how } = p;
    const view = await readMember(balancer, host, member);
    return {
      lease: isOnRecord(p, view) ? 'recorded' : 'none',
      servers: Object.fromEntries(view.servers.map((server) => [server.name, asAsked(how, server)])),
    };
  },
  want: ({ how }, now) => ({
    lease: 'recorded',
    servers: Object.fromEntries(Object.keys(now?.servers ?? {}).map((name) => [name, how])),
  }),
  async write(p, _change, host, _local, report) {
    const { balancer, member, how } = p;
    const { pool } = balancer;
    await untilSwapped(pool, member.node, async () => {
      const view = await readMember(balancer, host, member);
      if (view.lease?.kind === 'hand' && !p.evenHeld) throw nodeHeld(member.node, balancer.name, view.lease);
      const { leaseDigest } = view;
      const to = isOnRecord(p, view) ? view.lease : leaseFor(p, view);
      if (to !== view.lease && !(await swapLease(host, { pool, node: member.node, leaseDigest, to }))) return false;
      if (p.kind === 'hand' && view.lease?.kind === 'run')
        report.warn(
          `${member.node} in ${balancer.name} had a lease of ${holderOf(view.lease)}; it is now yours and only lb restore ends it`,
        );
      if (how === 'leased' || view.servers.every((server) => asAsked(how, server) === how)) return true;
      await balancer.set(host, member, how);
      if ((await readLease(host, pool, member.node)).lease !== null) return true;
      // The node was restored after the lease was written: without a lease no run would ever undo this drain.
      await balancer.set(host, member, to?.before ?? {});
      throw new OrchError('DRAIN_LOST', `${balancer.name}: ${member.node} was restored while it was being drained`, {
        hint: 'see with lb status who works on this node besides you, then run the same command again',
      });
    });
  },
});

/**
 * Drains a node on one balancer: first writes a lease with the previous settings on the balancer's host, then sends the
 * command. Servers that are externally in maintenance stay so. Safe to repeat, and after any crash.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY | LB_REFUSED | LEASE_INVALID
 * @example yield drainMember({ balancer, member, by: 'ops@desk', reason: 'install', how: 'drained' });
 */
export const drainMember = (p: z.input<typeof params>): Task<void> => type(p).delegate(p.balancer.host);

/** A server's state in the words of `how`; maintenance also counts as drained. */
function asAsked(how: Params['how'], server: ServerView): string {
  if (how === 'leased') return how;
  const isSo = how === 'drained' ? isDrainedOrMaintenance(server) : getsNoRequests(server);
  return isSo ? how : server.state;
}

/** Servers without a setting in the lease: all of them, or those of a backend that was added later. */
const missing = ({ lease, servers }: MemberView): readonly ServerView[] =>
  servers.filter(({ name }) => lease === null || lease.before[name] === undefined);

/** Servers whose coming maintenance is not in the lease yet: all of the member's servers, as soon as one is sticky. */
function closing({ how }: Params, { lease, servers }: MemberView): readonly string[] {
  if (how !== 'closed' || servers.every(getsNoRequests)) return [];
  // A lease of an earlier version has no such list and stays without it.
  if (lease !== null && lease.closed === undefined) return [];
  return servers
    .filter(({ name, closed }) => closed !== true && !lease?.closed?.includes(name))
    .map(({ name }) => name);
}

/** An operator takes over a run's drain; a run takes over an earlier run's. */
const changesHolder = ({ kind, run }: Params, { lease }: MemberView): boolean =>
  kind === 'hand' ? lease?.kind === 'run' : lease?.kind === 'run' && run !== undefined && lease.run !== run;

const isOnRecord = (p: Params, view: MemberView): boolean =>
  missing(view).length === 0 && closing(p, view).length === 0 && !changesHolder(p, view);

function leaseFor(p: Params, view: MemberView): Lease {
  const { lease } = view;
  const before = Object.fromEntries(missing(view).map(({ name, setting }) => [name, setting]));
  const closed = closing(p, view);
  const { by, reason, kind, run, at = new Date().toISOString() } = p;
  const said = { by, at, reason, kind, ...(kind === 'run' ? defined({ run }) : {}) };
  if (lease === null) {
    const down = downAlone(view.servers);
    return {
      node: p.member.node,
      before,
      ...said,
      held: view.held,
      closed,
      ...(down.length === 0 ? {} : { down }),
      ...defined({ soakDue: view.soaking?.soaking }),
    };
  }
  // A changed lease is no longer being restored.
  const { restoring: _, run: earlier, ...kept } = lease;
  return {
    ...kept,
    ...(changesHolder(p, view) ? said : defined({ run: earlier })),
    before: { ...lease.before, ...before },
    ...(lease.closed === undefined ? {} : { closed: [...lease.closed, ...closed] }),
  };
}
