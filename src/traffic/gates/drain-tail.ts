import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import type { OnTimeout } from '../../core/task/gate-type.ts';
import type { DrainSettings } from '../../inventory/inventory.ts';
import { allPeers, requestsAt, topPeers } from '../../tasks/idle.ts';

const params = z.strictObject({
  node: z.string(),
  /** What did not end in time, in the words of its gate. */
  what: z.string(),
  /** Container of the service, to list the peers of remaining requests; undefined: unknown. */
  container: z.string().optional(),
  /** Ports of the host by which another container may serve in its place. */
  published: z.array(z.int()).readonly().default([]),
  ports: z.array(z.int()).readonly(),
  longest: z.int(),
  policy: z.enum(['abort', 'hold', 'quit_tail']),
});

type Params = z.output<typeof params>;

type Remaining = { readonly peers: string; readonly details: string };

const STILL_MS = 3000;

/**
 * The end of a drain that took too long: reports what remains with its peers, then applies the pool's policy.
 *
 * @throws OrchError DRAIN_TIMEOUT with `abort`, DRAIN_ON_HOLD with `hold`; with `quit_tail` it is a warning
 */
export const reportRemaining = defineGate<typeof params, Remaining>({
  kind: 'reportRemaining',
  params,
  title: (p) => `what remains on ${p.node}`,
  look: remaining,
  met: () => false,
  onTimeout: ({ policy }) => ON_TIMEOUT[policy],
  unmet({ node, what, policy }, { peers, details }) {
    const left = policy === 'quit_tail' ? '. It is left to the graceful stop (drain.on_timeout).' : '';
    return new OrchError(
      policy === 'hold' ? 'DRAIN_ON_HOLD' : 'DRAIN_TIMEOUT',
      `${what}; busy at ${node}: ${peers}${left}`,
      {
        hint: 'wait until these clients are done, or raise drain.within of the pool; for connections that never end see drain.on_timeout',
        details,
      },
    );
  },
});

const ON_TIMEOUT: Readonly<Record<DrainSettings['onTimeout'], OnTimeout>> = {
  abort: 'fail',
  hold: 'hold',
  quit_tail: 'warn',
};

/** An unreachable node must not hide its balancers' views. */
async function remaining(p: Params, host: Reader): Promise<Remaining> {
  if (p.container === undefined) return { peers: 'unknown', details: '' };
  const { container, published, ports, longest } = p;
  const asked = { container, published, ports, idleBalancers: [], still: STILL_MS, longest };
  try {
    const { peers } = await requestsAt(asked, host);
    return { peers: topPeers(peers) || 'no connection', details: allPeers(peers) };
  } catch (error) {
    return { peers: `unknown (${error instanceof Error ? error.message : error})`, details: '' };
  }
}
