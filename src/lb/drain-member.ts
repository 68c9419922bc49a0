import { z } from 'zod';
import type { Lease, MemberView, ServerView } from '../core/host/balancer.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { leasePath, writeLease } from './lease.ts';
import { isDrainedOrMaintenance, isEmptying, readMember } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** Who takes it out: `user@controller`. */
  by: z.string().min(1),
  reason: z.string().min(1),
  /** ISO time; default: the time of the write. */
  at: z.string().optional(),
  /** `drained`: no new requests but those that stick to it. `closed`: none at all. */
  how: z.enum(['drained', 'closed']),
  /** Of the record; `hand` makes one of a run a person's. */
  kind: z.enum(['hand', 'run']).default('run'),
});

type Params = z.output<typeof params>;

type Out = {
  readonly lease: 'none' | 'recorded';
  readonly servers: { readonly [name: string]: string };
};

const type = defineTask<typeof params, void, Out, void>({
  kind: 'outOfTraffic',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `file:${leasePath(balancer.pool, member.node)}`,
  title: ({ balancer, member, how }) => `${balancer.pool}: ${member.node} is ${how}`,
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
  async write(p, _change, host) {
    const { balancer, member } = p;
    const view = await readMember(balancer, host, member);
    if (!isOnRecord(p, view)) await writeLease(host, balancer.pool, leaseFor(p, view));
    if (!view.servers.every((server) => asAsked(p.how, server) === p.how)) await balancer.set(host, member, p.how);
  },
});

/**
 * Takes a node out of a balancer's traffic: first a lease is put down on the balancer's host with what was set before,
 * then the balancer is told. What somebody else has taken out further stays so. Safe to repeat, and after any crash.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY | LB_REFUSED | LEASE_INVALID
 * @example yield outOfTraffic({ balancer, member, by: 'ops@desk', reason: 'install', how: 'drained' });
 */
export const drainMember = (p: z.input<typeof params>): Task<void> => type(p).delegate(p.balancer.host);

/** How a server stands in the words of `how`; what goes further than asked is as asked. */
const asAsked = (how: Params['how'], server: ServerView): string =>
  (how === 'drained' ? isDrainedOrMaintenance(server) : isEmptying(server)) ? how : server.state;

/** Servers whose setting is on no record: all of them, or those of a backend that came later. */
const missing = ({ lease, servers }: MemberView): readonly ServerView[] =>
  servers.filter(({ name }) => lease === null || lease.before[name] === undefined);

/** Servers that are about to be closed, and the record does not say so: all of the member are, as soon as one must be. */
function closing({ how }: Params, { lease, servers }: MemberView): readonly string[] {
  if (how === 'drained' || servers.every(isEmptying)) return [];
  // A record of an earlier version does not tell, and is left so.
  if (lease !== null && lease.closed === undefined) return [];
  return servers
    .filter(({ name, closed }) => closed !== true && !lease?.closed?.includes(name))
    .map(({ name }) => name);
}

const takesOver = ({ kind }: Params, { lease }: MemberView): boolean => kind === 'hand' && lease?.kind === 'run';

const isOnRecord = (p: Params, view: MemberView): boolean =>
  missing(view).length === 0 && closing(p, view).length === 0 && !takesOver(p, view);

function leaseFor(p: Params, view: MemberView): Lease {
  const { lease } = view;
  const before = Object.fromEntries(missing(view).map(({ name, setting }) => [name, setting]));
  const closed = closing(p, view);
  const said = { by: p.by, at: p.at ?? new Date().toISOString(), reason: p.reason, kind: p.kind };
  if (lease === null) return { node: p.member.node, before, ...said, held: view.held, closed };
  return {
    ...lease,
    ...(takesOver(p, view) ? said : {}),
    before: { ...lease.before, ...before },
    ...(lease.closed === undefined ? {} : { closed: [...lease.closed, ...closed] }),
  };
}
