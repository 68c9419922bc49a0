import { z } from 'zod';
import { formatDuration } from '../../core/base/duration.ts';
import { duration } from '../../core/base/duration-param.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Balancer, Member, ServerView } from '../../core/host/balancer.ts';
import type { Reader } from '../../core/host/connection.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import { defineQuery } from '../../core/task/define-query.ts';
import { getsRequests, isInFullService } from '../../lb/read-member.ts';

const where = {
  balancer: z.custom<Balancer>(),
  members: z.array(z.custom<Member>()).readonly(),
};

const observed = z.strictObject(where);

/**
 * A balancer's sessions on all these members together, as the result of `yield*`; 0 if it does not count. Delegate it
 * to the balancer's host.
 */
export const poolSessions = defineQuery<typeof observed, number>({
  kind: 'poolSessions',
  params: observed,
  title: ({ balancer }) => `${balancer.pool}: sessions`,
  look: ({ balancer, members }, host) => sessionsOn(balancer, members, host),
});

const another = z.strictObject({ ...where, leaving: z.string() });

/**
 * Gate, one reading: another member is up on this balancer and can take over the leaving member's sessions. A leaving
 * member without requests and sessions needs no other: it may be repaired while all members are down. Delegate it to
 * the balancer's host.
 *
 * @throws OrchError NO_OTHER_MEMBER_UP
 */
export const anotherUp = defineGate<typeof another, boolean>({
  kind: 'anotherUp',
  params: another,
  title: ({ balancer, leaving }) => `${balancer.pool}: another one than ${leaving} is up`,
  async look({ balancer, members, leaving }, host) {
    const views = await Promise.all(
      members.map(async (member) => ({ own: member.node === leaving, ...(await balancer.view(host, member)) })),
    );
    const other = views.some(({ own, servers }) => !own && isInFullService(servers));
    return other || !views.some(({ own, servers }) => own && servers.some(holdsClients));
  },
  met: (_p, enough) => enough,
  unmet: ({ balancer, leaving }) =>
    new OrchError('NO_OTHER_MEMBER_UP', `${balancer.name} shows no other member than ${leaving} up`, {
      hint: 'repair the others first; gateways connected to this one would find no DP Manager',
      retryable: true,
    }),
});

const reconnecting = z.strictObject({
  ...where,
  /** Sessions by balancer, from each gate's last reading: a client may reconnect through any balancer. */
  sessions: z.custom<Map<string, number>>(),
  least: z.int().min(0),
  within: duration.prefault('60s'),
});

/**
 * Gate: clients with one long-lived connection have reconnected, to any member, through any balancer. Use one for each
 * balancer of the pool, side by side and with the same `sessions`, delegated to its host.
 *
 * @throws OrchError NOT_RECONNECTED
 */
export const reconnected = defineGate<typeof reconnecting, number>({
  kind: 'reconnected',
  params: reconnecting,
  title: ({ balancer, least }) => `${balancer.pool}: ${least} clients are connected again`,
  patience: ({ within }) => ({ withinMs: within, everyMs: 1000, passes: 1 }),
  async look({ balancer, members, sessions }, host) {
    sessions.set(balancer.name, await sessionsOn(balancer, members, host));
    return [...sessions.values()].reduce((sum, count) => sum + count, 0);
  },
  met: ({ least }, sessions) => sessions >= least,
  unmet: ({ balancer, least, within }, sessions) =>
    new OrchError(
      'NOT_RECONNECTED',
      `${balancer.pool}: ${sessions} of ${least} gateways have reconnected after ${formatDuration(within)}`,
      { hint: 'check in the logs of the gateways why they do not reach DP Manager' },
    ),
});

/** A server whose sessions are not counted may hold some. */
const holdsClients = (server: ServerView): boolean => getsRequests(server) || server.sessions === null;

async function sessionsOn(balancer: Balancer, members: readonly Member[], host: Reader): Promise<number> {
  const views = await Promise.all(members.map((member) => balancer.view(host, member)));
  return views.flatMap(({ servers }) => servers).reduce((sum, { sessions }) => sum + (sessions ?? 0), 0);
}
