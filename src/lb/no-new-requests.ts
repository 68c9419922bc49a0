import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { OrchError } from '../core/base/errors.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { span, where } from './task-params.ts';

const params = z.strictObject({ ...where, since: span, within: span });

type Quiet = { readonly servers: { readonly [name: string]: string } };

const QUIET = 'no new requests';

const type = defineTask<typeof params, void, Quiet, void>({
  kind: 'quiet',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `gate:${balancer.name} ${member.node} new requests`,
  title: ({ balancer, member, since }) =>
    `${balancer.pool}: no new requests on ${member.node} for ${formatDuration(since)}`,
  async read({ balancer, member, since }, host) {
    const { servers } = await balancer.view(host, member);
    const words = servers.map(({ name, quietMs }): readonly [string, string] => [
      name,
      quietMs === undefined || quietMs >= since ? QUIET : `a request ${formatDuration(quietMs)} ago`,
    ]);
    return { servers: Object.fromEntries(words) };
  },
  want: (_p, now) => ({ servers: Object.fromEntries(Object.keys(now?.servers ?? {}).map((name) => [name, QUIET])) }),
  patience: ({ within }) => ({ withinMs: within, everyMs: 500, passes: 1 }),
  unmet: (p, state) => {
    const busy = Object.entries(state?.servers ?? {}).filter(([, word]) => word !== QUIET);
    return new OrchError(
      'DRAIN_TIMEOUT',
      `${p.balancer.name}: ${busy.map(([name, word]) => `${name} got ${word}`).join(', ') || 'it could not be asked'}`,
      { hint: 'clients stick to this node: see "cookie", "stick" and "use-server" in its backends', retryable: true },
    );
  },
});

/**
 * Gate: the balancer has given the node nothing new for so long, whatever still runs there. Met at once where a
 * balancer does not tell.
 *
 * @throws OrchError DRAIN_TIMEOUT
 * @example yield quiet({ balancer, member, since: '10s', within: '60s' });
 */
export const noNewRequests = (p: z.input<typeof params>): Task<void> => type(p).delegate(p.balancer.host);
