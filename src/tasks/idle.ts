import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { duration } from '../core/base/duration-param.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';
import { hasProcess } from '../core/host/docker.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { busyWith } from './idle/busy.ts';
import { connectionsOf } from './idle/connections.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** Ports inside the container. */
  ports: z.array(z.int().min(1).max(65_535)).min(1).readonly(),
  /** Addresses of balancers that have shown before that none of their requests runs here: their idle pools do not count. */
  idleBalancers: z.array(z.string()).readonly().default([]),
  within: duration.prefault('60s'),
  every: duration.prefault('1s'),
  /** For so long nothing must have moved on a connection that is taken for idle. */
  still: duration.prefault('3s'),
  /** The longest that a request may rightly take. */
  longest: duration.prefault('60s'),
  onTimeout: z.enum(['fail', 'hold', 'warn']).default('fail'),
});

type Params = z.output<typeof params>;

type BusyPeer = { readonly peer: string; readonly connections: number; readonly why: string };

export type Requests = { readonly busy: number; readonly idle: number; readonly peers: readonly BusyPeer[] };

/** Peers that a message names. */
const TOP = 5;

/**
 * A gate: on no connection to these ports of a container a request is running, seen from the container's own network.
 * Connections that are only kept open do not count. Where the host has neither `ss` nor `nsenter`, only those of vouched
 * balancers are taken for such; all others count as busy.
 *
 * @throws OrchError DRAIN_TIMEOUT, with `hold` DRAIN_ON_HOLD, with the peers that are left
 * @example yield idle({ container: 'api7-gateway', ports: [9080, 9443], vouched: ['10.0.0.5'], within: '60s' });
 */
export const idle = defineGate<typeof params, Requests>({
  kind: 'idle',
  params,
  title: (p) => `no requests at ${p.container} on ${p.ports.join(', ')}`,
  patience: (p) => ({ withinMs: p.within, everyMs: p.every, passes: 1 }),
  onTimeout: (p) => p.onTimeout,
  look: requestsAt,
  met: (_p, { busy }) => busy === 0,
  unmet: (p, { busy, peers }) =>
    new OrchError(
      p.onTimeout === 'hold' ? 'DRAIN_ON_HOLD' : 'DRAIN_TIMEOUT',
      `${busy} of the connections to ${p.container} ${p.within === 0 ? 'are busy' : `are still busy after ${formatDuration(p.within)}`}: ${topPeers(peers)}`,
      {
        hint: 'wait until these clients are done, or raise drain.within; for connections that never end see drain.on_timeout',
        details: allPeers(peers),
      },
    ),
});

/** The peers with the most busy connections, for a message. */
export function topPeers(peers: readonly BusyPeer[]): string {
  const named = peers.slice(0, TOP).map(({ peer, connections, why }) => `${connections} from ${peer} (${why})`);
  return [...named, ...(peers.length > TOP ? [`and ${peers.length - TOP} more peers`] : [])].join(', ');
}

/** Every peer, a line each. */
export const allPeers = (peers: readonly BusyPeer[]): string =>
  peers.map(({ peer, connections, why }) => `${peer}\t${connections}\t${why}`).join('\n');

/** The connections to a container's ports, as far as a request runs on them. */
export async function requestsAt(
  p: Pick<Params, 'container' | 'ports' | 'idleBalancers' | 'still' | 'longest'>,
  host: Reader,
): Promise<Requests> {
  const found = await host.docker.container(p.container);
  if (!hasProcess(found)) return { busy: 0, idle: 0, peers: [] };
  const connections = await connectionsOf(found.State.Pid, p.ports, host);
  const judging = { idleBalancers: new Set(p.idleBalancers), stillMs: p.still, longestMs: p.longest };
  const judged = connections.map((connection) => ({ peer: connection.peer, why: busyWith(connection, judging) }));
  const busy = judged.flatMap(({ peer, why }) => (why === undefined ? [] : [{ peer, why }]));
  const peers = [...Map.groupBy(busy, ({ peer, why }) => `${peer} ${why}`).values()].map((group) => ({
    peer: group[0]?.peer ?? '',
    why: group[0]?.why ?? '',
    connections: group.length,
  }));
  peers.sort((a, b) => b.connections - a.connections);
  return { busy: busy.length, idle: judged.length - busy.length, peers };
}
