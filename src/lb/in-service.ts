import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { CheckTiming, ServerView } from '../core/host/balancer.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { isDrainedOrMaintenance, NOT_UP_HINT } from './read-member.ts';
import { span, where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** Timing of the balancer's health checks. Absent: the shown state is trusted. */
  timing: z.custom<CheckTiming>().optional(),
  /** Servers that are held externally: they count in their present state. */
  held: z.array(z.string()).default([]),
  /** Servers that failed their checks before the drain because of their backend: they count in their present state. */
  down: z.array(z.string()).default([]),
  /** Counted from the earliest moment at which the checks can confirm it. */
  within: span.prefault('60s'),
});

type Params = z.output<typeof params>;

/** By server: `up`, or its other state. */
type Service = Readonly<Record<string, string>>;

const type = defineGate<typeof params, Service>({
  kind: 'inService',
  params,
  inTraffic: true,
  title: ({ balancer, member }) => `${balancer.pool}: ${member.node} is in service`,
  async look(p, host) {
    const { servers } = await p.balancer.view(host, p.member);
    return Object.fromEntries(servers.map((server) => [server.name, service(p, server)]));
  },
  met: (_p, servers) => notUp(servers).length === 0,
  patience: ({ timing, within }) => ({
    withinMs: within + confirmedAfterMs(timing) + (timing?.slowstartMs ?? 0),
    everyMs: 500,
    passes: 1,
  }),
  unmet(p, servers) {
    const bad = notUp(servers).map(([name, word]) => `${name} is ${word}`);
    return new OrchError('LB_MEMBER_NOT_UP', `${p.balancer.name}: ${bad.join(', ')}`, {
      hint: NOT_UP_HINT,
    });
  },
});

/**
 * Gate: the node is in service on the balancer. With `timing`, it must be up for as long as `rise` checks take that
 * began after its last change, the last check must have passed, and slow start must be over. A balancer shows a server
 * as up before its first check. Without `timing`, one reading that shows it up is enough.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN at once; LB_MEMBER_NOT_UP
 * @example yield inService({ balancer, member, timing, within: '60s' });
 */
export const inService = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);

const notUp = (servers: Service) => Object.entries(servers).filter(([, word]) => word !== 'up');

/** Milliseconds after which `rise` checks that begin from now on have ended. */
const confirmedAfterMs = (timing: CheckTiming | undefined): number =>
  timing === undefined ? 0 : timing.rise * timing.everyMs + (timing.timeoutMs ?? timing.everyMs);

function service({ timing, held, down }: Params, server: ServerView): string {
  if (server.state === 'down' && down.includes(server.name)) return 'up';
  if (held.includes(server.name) && isDrainedOrMaintenance(server)) return 'up';
  if (server.state !== 'up' || timing === undefined || server.check === 'none') return server.state;
  if (server.check === 'failed') return 'up, though its last health check failed';
  const young = server.sinceMs !== undefined && server.sinceMs < confirmedAfterMs(timing);
  return young || server.check === 'pending' ? 'up, but not confirmed by a health check yet' : 'up';
}
