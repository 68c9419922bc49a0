import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { OrchError } from '../core/base/errors.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { span, where } from './task-params.ts';

const params = z.strictObject({ ...where, within: span.prefault('60s') });

/** Sessions by server; `null` where the balancer does not tell. */
type Sessions = { readonly sessions: { readonly [name: string]: number | null } };

const type = defineTask<typeof params, void, Sessions, void>({
  kind: 'emptied',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `gate:${balancer.name} ${member.node} sessions`,
  title: ({ balancer, member }) => `${balancer.pool}: no request runs on ${member.node}`,
  async read({ balancer, member }, host) {
    const { servers } = await balancer.view(host, member);
    return { sessions: Object.fromEntries(servers.map(({ name, sessions }) => [name, sessions])) };
  },
  want: (_p, now) => ({
    sessions: Object.fromEntries(
      Object.entries(now?.sessions ?? {}).map(([name, sessions]) => [name, sessions === null ? null : 0]),
    ),
  }),
  patience: (p) => ({ withinMs: p.within, everyMs: 500, passes: 1 }),
  unmet: (p, state) =>
    new OrchError(
      'DRAIN_TIMEOUT',
      `${p.balancer.name}: ${remaining(state)} after ${formatDuration(p.within)} without new requests for ${p.member.node}`,
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
 * @throws OrchError DRAIN_TIMEOUT with what remains
 */
export const noSessions = (p: z.input<typeof params>): Task<void> => type(p).delegate(p.balancer.host);

const remaining = (state: Sessions | null): string =>
  Object.entries(state?.sessions ?? {})
    .filter(([, sessions]) => sessions !== null && sessions > 0)
    .map(([name, sessions]) => `${name} still has ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`)
    .join(', ') || 'sessions could not be counted';
