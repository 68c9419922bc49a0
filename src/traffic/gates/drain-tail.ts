import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';
import { defineTask } from '../../core/task/define-task.ts';
import type { Task } from '../../core/task/task.ts';
import type { DrainSettings } from '../../inventory/inventory.ts';
import { allPeers, requestsAt, topPeers } from '../../tasks/idle.ts';

const params = z.strictObject({
  node: z.string(),
  /** What did not end in its time, as its gate tells it. */
  what: z.string(),
  /** What serves there, to tell of whom requests are left; undefined: nobody knows. */
  container: z.string().optional(),
  ports: z.array(z.int()).readonly(),
  longest: z.int(),
  policy: z.enum(['abort', 'hold', 'quit_tail']),
});

type Params = z.output<typeof params>;

const STILL_MS = 3000;

/**
 * The end of a drain that took too long: what remains is told with its peers, then it is as the pool's policy says.
 *
 * @throws OrchError DRAIN_TIMEOUT with `abort`, DRAIN_HOLD with `hold`; with `quit_tail` it is a warning
 */
export const reportRemaining: (p: z.input<typeof params>) => Task<void> = defineTask<
  typeof params,
  void,
  { readonly told: boolean },
  void
>({
  kind: 'drainTail',
  params,
  impact: 'none',
  claim: (p) => `gate:what remains on ${p.node}`,
  title: (p) => `what remains on ${p.node}`,
  confirmed: () => false,
  read: async () => ({ told: false as boolean }),
  want: () => ({ told: true }),
  async write(p, _change, host, _local, report) {
    const { peers, details } = await remaining(p, host);
    const what = `${p.what}; busy at ${p.node}: ${peers}`;
    if (p.policy === 'quit_tail') return report.warn(`${what}. It is left to the graceful stop (drain.on_timeout).`);
    throw new OrchError(CODES[p.policy], what, {
      hint: 'wait until these clients are done, or raise drain.within of the pool; for connections that never end see drain.on_timeout',
      ...(details === '' ? {} : { details }),
    });
  },
});

const CODES: Readonly<Record<Exclude<DrainSettings['onTimeout'], 'quit_tail'>, string>> = {
  abort: 'DRAIN_TIMEOUT',
  hold: 'DRAIN_HOLD',
};

/** A node that cannot be asked any more must not hide what its balancers show. */
async function remaining(p: Params, host: Reader): Promise<{ readonly peers: string; readonly details: string }> {
  if (p.container === undefined) return { peers: 'not known', details: '' };
  const asked = { container: p.container, ports: p.ports, idleBalancers: [], still: STILL_MS, longest: p.longest };
  try {
    const { peers } = await requestsAt(asked, host);
    return { peers: topPeers(peers) || 'no connection', details: allPeers(peers) };
  } catch (error) {
    return { peers: `not known (${error instanceof Error ? error.message : error})`, details: '' };
  }
}
