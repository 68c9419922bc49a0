import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { OrchError } from '../core/base/errors.ts';
import type { ServerView } from '../core/host/balancer.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { drainLost, statesOf } from './keeps-drained.ts';
import { acceptsRequests } from './read-member.ts';
import { span, where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  within: span.prefault('60s'),
  onTimeout: z.enum(['fail', 'warn']).default('fail'),
});

/** Sessions are `null` if the balancer does not report them. */
type Servers = readonly Pick<ServerView, 'name' | 'state' | 'sessions'>[];

const type = defineGate<typeof params, Servers>({
  kind: 'noSessions',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: no request runs on ${member.node}`,
  onTimeout: (p) => p.onTimeout,
  look: async ({ balancer, member }, host) => (await balancer.view(host, member)).servers,
  met: (p, servers) => busy(servers).length === 0 && !isLost(p, servers),
  // A reloaded balancer sends it new requests: the wait would never end.
  cannotRecover: (p, servers) => (isLost(p, servers) ? lost(p, servers) : undefined),
  patience: (p) => ({ withinMs: p.within, everyMs: 500, passes: 1 }),
  unmet: (p, servers) =>
    isLost(p, servers)
      ? lost(p, servers)
      : new OrchError(
          'DRAIN_TIMEOUT',
          `${p.balancer.name}: ${remaining(servers)} ${formatDuration(p.within)} after the drain`,
          {
            hint: 'find the client that holds the session, or raise drain.within of the pool',
            retryable: true,
          },
        ),
});

/**
 * Gate: no request and no connection runs on the node through this balancer. If the balancer does not count them, it is
 * met at once: then the node itself must be asked.
 *
 * @throws OrchError DRAIN_LOST at once; DRAIN_TIMEOUT with the rest; with `warn`, `yield*` returns the rest instead
 */
export const noSessions = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);

/** If a reload applies the drain (a line in a file), a reading before it may still show the old state. */
const isLost = ({ balancer }: z.output<typeof params>, servers: Servers): boolean =>
  balancer.shows.reload && servers.some(acceptsRequests);

const lost = ({ balancer, member }: z.output<typeof params>, servers: Servers): OrchError =>
  drainLost(balancer, member, statesOf(servers.filter(acceptsRequests)));

const busy = (servers: Servers): Servers => servers.filter(({ sessions }) => (sessions ?? 0) > 0);

const remaining = (servers: Servers): string =>
  busy(servers)
    .map(({ name, sessions }) => `server ${name} still has ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`)
    .join(', ');
