import { z } from 'zod';
import { formatDuration } from '../../core/base/duration.ts';
import { duration } from '../../core/base/duration-param.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Balancer, Member, ServerView } from '../../core/host/balancer.ts';
import type { Reader } from '../../core/host/connection.ts';
import { defineTask } from '../../core/task/define-task.ts';

const where = {
  balancer: z.custom<Balancer>(),
  members: z.array(z.custom<Member>()).readonly(),
};

const observed = z.strictObject(where);

/**
 * Sessions that a balancer has on all these members together: `yield*` gives the number; 0 where it does not count.
 * Delegate it to the balancer's host.
 */
export const poolSessions = defineTask<typeof observed, void, { readonly sessions: number }, number>({
  kind: 'poolSessions',
  params: observed,
  impact: 'none',
  claim: ({ balancer }) => `gate:${balancer.name} all sessions`,
  title: ({ balancer }) => `${balancer.pool}: sessions`,
  read: async ({ balancer, members }, host) => ({ sessions: await sessionsOn(balancer, members, host) }),
  want: (_p, now) => now,
  result: ({ sessions }) => sessions,
});

const another = z.strictObject({ ...where, leaving: z.string() });

/**
 * A gate, one look: besides the one that leaves, a member is up on this balancer, to take over what the other holds. One
 * that holds nobody and gets nobody leaves nothing behind: it may be mended though all others are down, too.
 * Delegate it to the balancer's host.
 *
 * @throws OrchError LAST_MEMBER
 */
export const anotherUp = defineTask<typeof another, void, { readonly up: number; readonly enough: boolean }, void>({
  kind: 'anotherUp',
  params: another,
  impact: 'none',
  claim: ({ balancer }) => `gate:${balancer.name} another member`,
  title: ({ balancer, leaving }) => `${balancer.pool}: another one than ${leaving} is up`,
  async read({ balancer, members, leaving }, host) {
    const views = await Promise.all(
      members.map(async (member) => ({ own: member.node === leaving, ...(await balancer.view(host, member)) })),
    );
    const up = views.filter(({ own, servers }) => !own && servers.every(({ state }) => state === 'up')).length;
    const holds = views.some(({ own, servers }) => own && servers.some(holdsClients));
    return { up, enough: up > 0 || !holds };
  },
  want: (_p, now) => ({ up: 0, ...now, enough: true }),
  unmet: ({ balancer, leaving }) =>
    new OrchError('LAST_MEMBER', `${balancer.name} shows no other member than ${leaving} up`, {
      hint: 'see to the others first: what is connected to this one would find nobody',
      retryable: true,
    }),
});

const reconnecting = z.strictObject({ ...where, least: z.int().min(0), within: duration.prefault('60s') });

/**
 * A gate: clients that hold one connection for as long as they live have connected again, to whichever member. Delegate
 * it to the balancer's host.
 *
 * @throws OrchError NOT_RECONNECTED
 */
export const reconnected = defineTask<
  typeof reconnecting,
  void,
  { readonly sessions: number; readonly enough: boolean },
  void
>({
  kind: 'reconnected',
  params: reconnecting,
  impact: 'none',
  claim: ({ balancer }) => `gate:${balancer.name} reconnected`,
  title: ({ balancer, least }) => `${balancer.pool}: ${least} clients are connected again`,
  patience: ({ within }) => ({ withinMs: within, everyMs: 1000, passes: 1 }),
  async read({ balancer, members, least }, host) {
    const sessions = await sessionsOn(balancer, members, host);
    return { sessions, enough: sessions >= least };
  },
  want: (_p, now) => ({ sessions: 0, ...now, enough: true }),
  unmet: ({ balancer, least, within }, state) =>
    new OrchError(
      'NOT_RECONNECTED',
      `${balancer.name}: ${state?.sessions ?? 0} of ${least} clients are connected again after ${formatDuration(within)}`,
      { hint: 'see in the logs of the gateways why they do not reach DP Manager' },
    ),
});

/** Where sessions are not counted it may well hold some. */
const holdsClients = ({ state, sessions }: ServerView): boolean =>
  state === 'up' || state === 'starting' || sessions === null || sessions > 0;

async function sessionsOn(balancer: Balancer, members: readonly Member[], host: Reader): Promise<number> {
  const views = await Promise.all(members.map((member) => balancer.view(host, member)));
  return views.flatMap(({ servers }) => servers).reduce((sum, { sessions }) => sum + (sessions ?? 0), 0);
}
