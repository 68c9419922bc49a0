import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { duration } from '../core/base/duration-param.ts';
import { OrchError } from '../core/base/errors.ts';
import { portNumber } from '../core/base/port-number.ts';
import type { Reader } from '../core/host/connection.ts';
import { hasProcess } from '../core/host/docker.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { servingContainer } from './container/serving.ts';
import { busyWith } from './idle/busy.ts';
import { connectionsOf } from './idle/connections.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** Ports of the host. Without a process in `container`, the container that publishes one of them is read. */
  published: z.array(portNumber).readonly().default([]),
  /** Ports inside the container. */
  ports: z.array(portNumber).min(1).readonly(),
  /** Addresses of balancers whose own views show no sessions here: their open connections do not count. */
  idleBalancers: z.array(z.string()).readonly().default([]),
  within: duration.prefault('60s'),
  every: duration.prefault('1s'),
  /** A connection counts as idle only after this time without data. */
  still: duration.prefault('3s'),
  /** The longest legitimate request. */
  longest: duration.prefault('60s'),
  onTimeout: z.enum(['fail', 'hold', 'warn']).default('fail'),
});

type Params = z.output<typeof params>;

type BusyPeer = { readonly peer: string; readonly connections: number; readonly why: string };

export type Requests = { readonly busy: number; readonly idle: number; readonly peers: readonly BusyPeer[] };

/** Most peers in a message. */
const TOP = 5;

/**
 * Gate: no request runs on a connection to these ports of a container, seen from the container's own network. Open idle
 * connections do not count. If the host has neither `ss` nor `nsenter`, only connections of `idleBalancers` count as
 * idle, all others as busy.
 *
 * @throws OrchError DRAIN_TIMEOUT, with `hold` DRAIN_ON_HOLD, with the remaining peers
 * @example yield idle({ container: 'api7-gateway', ports: [9080, 9443], idleBalancers: ['10.0.0.5'], within: '60s' });
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

/** All peers, one per line. */
export const allPeers = (peers: readonly BusyPeer[]): string =>
  peers.map(({ peer, connections, why }) => `${peer}\t${connections}\t${why}`).join('\n');

/** The connections to a container's ports, with the busy ones. */
export async function requestsAt(
  p: Pick<Params, 'container' | 'published' | 'ports' | 'idleBalancers' | 'still' | 'longest'>,
  host: Reader,
): Promise<Requests> {
  const found = await servingContainer(p.container, p.published, host.docker);
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
