import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { OrchError } from '../core/base/errors.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { span, where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  within: span.prefault('60s'),
  onTimeout: z.enum(['fail', 'warn']).default('fail'),
});

/** Sessions by server; `null` where the balancer does not tell. */
type Sessions = Readonly<Record<string, number | null>>;

const type = defineGate<typeof params, Sessions>({
  kind: 'emptied',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: no request runs on ${member.node}`,
  onTimeout: (p) => p.onTimeout,
  async look({ balancer, member }, host) {
    const { servers } = await balancer.view(host, member);
    return Object.fromEntries(servers.map(({ name, sessions }) => [name, sessions]));
  },
  met: (_p, sessions) => busy(sessions).length === 0,
  patience: (p) => ({ withinMs: p.within, everyMs: 500, passes: 1 }),
  unmet: (p, sessions) =>
    new OrchError(
      'DRAIN_TIMEOUT',
      `${p.balancer.name}: ${remaining(sessions)} after ${formatDuration(p.within)} without new requests for ${p.member.node}`,
      {
        hint: 'raise drain.within of the pool if requests may rightly take that long, or find out what keeps them open',
        retryable: true,
      },
    ),
});

/**
 * Gate: no request and no connection runs on the node through this balancer. Where a balancer does not count them it is
 * met at once: then the node itself must be asked.
 *
 * @throws OrchError DRAIN_TIMEOUT with what remains; with `warn`, `yield*` gives that instead
 */
export const noSessions = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);

const busy = (sessions: Sessions) => Object.entries(sessions).filter(([, count]) => count !== null && count > 0);

const remaining = (sessions: Sessions): string =>
  busy(sessions)
    .map(([name, count]) => `${name} still has ${count} ${count === 1 ? 'session' : 'sessions'}`)
    .join(', ');
