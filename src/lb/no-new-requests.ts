import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { OrchError } from '../core/base/errors.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { span, where } from './task-params.ts';

const params = z.strictObject({ ...where, since: span, within: span });

/** By server: milliseconds since its last new request; undefined if the balancer does not report it. */
type LastRequest = Readonly<Record<string, number | undefined>>;

const type = defineGate<typeof params, LastRequest>({
  kind: 'noNewRequests',
  params,
  title: ({ balancer, member, since }) =>
    `${balancer.pool}: no new requests on ${member.node} for ${formatDuration(since)}`,
  async look({ balancer, member }, host) {
    const { servers } = await balancer.view(host, member);
    return Object.fromEntries(servers.map(({ name, quietMs }) => [name, quietMs]));
  },
  met: ({ since }, servers) => Object.values(servers).every((ms) => isQuiet(ms, since)),
  patience: ({ within }) => ({ withinMs: within, everyMs: 500, passes: 1 }),
  unmet({ balancer, since }, servers) {
    const busy = Object.entries(servers).filter(([, ms]) => !isQuiet(ms, since));
    const what = busy.map(([name, ms = 0]) => `${name} got a request ${formatDuration(ms)} ago`).join(', ');
    return new OrchError('DRAIN_TIMEOUT', `${balancer.name}: ${what}`, {
      hint: 'clients stick to this node: see "cookie", "stick" and "use-server" in its backends',
      retryable: true,
    });
  },
});

const isQuiet = (ms: number | undefined, since: number): boolean => ms === undefined || ms >= since;

/**
 * Gate: the balancer has sent the node no new request for `since`, even if earlier ones still run. Met at once if the
 * balancer does not report it.
 *
 * @throws OrchError DRAIN_TIMEOUT
 * @example yield noNewRequests({ balancer, member, since: '10s', within: '60s' });
 */
export const noNewRequests = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);
