import { portsInside, requestPorts } from '../api7/services.ts';
import type { Steps } from '../core/task/task.ts';
import { drainMember } from '../lb/drain-member.ts';
import { memberView } from '../lb/member-view.ts';
import { noNewRequests } from '../lb/no-new-requests.ts';
import { noSessions } from '../lb/no-sessions.ts';
import { sticks } from '../lb/read-member.ts';
import { idle } from '../tasks/idle.ts';
import { reportRemaining } from './gates/drain-tail.ts';
import { holdsConnections } from './held-connections.ts';
import { at, type NodeBalancing, type PoolMember } from './pool-member.ts';
import type { TrafficContext } from './traffic-context.ts';

/**
 * Waits until a node is idle: no request on any of its balancers, then no busy connection on the node itself. If
 * requests stick to it, sets maintenance once the running requests ended or their time is up.
 */
export function* waitIdle(context: TrafficContext, balancing: NodeBalancing): Steps {
  const { by, reason, run, drainedBy } = context;
  const evenHeld = context.evenHeld.has(balancing.node);
  const idleBalancers: string[] = [];
  let waited = false;
  for (const poolMember of balancing.poolMembers) {
    const { pool, balancer } = poolMember;
    const { servers, epoch, runningMs = Number.POSITIVE_INFINITY } = yield* memberView(at(poolMember));
    // After a reload an old process may carry requests that the new one does not count, for up to `longest_request`.
    const same = drainedBy.get(balancing.node)?.get(balancer.name) === epoch;
    if (same && runningMs >= pool.longestRequestMs && balancer.shows.sessions) idleBalancers.push(poolMember.from);
    const left = yield* untilEmpty(poolMember, {
      sticky: servers.some(sticks),
      by,
      reason,
      run,
      evenHeld,
      onTimeout: 'warn',
    });
    if (left === undefined) continue;
    const { withinMs, onTimeout, quietMs } = pool.drain;
    if (left !== '') yield tail(poolMember, left);
    if (onTimeout === 'quit_tail')
      yield noNewRequests({ ...at(poolMember), since: quietMs, within: quietMs + withinMs });
    waited ||= left !== '';
  }
  yield* nodeIsIdle(balancing, { look: waited ? 'past' : 'first', idleBalancers });
}

interface Emptying {
  /** Requests stick to the node: maintenance follows once the running requests ended or their time is up. */
  readonly sticky: boolean;
  readonly by: string;
  readonly reason: string;
  readonly kind?: 'hand' | 'run';
  /** Id of the run, with kind `run`. */
  readonly run?: string;
  readonly evenHeld?: boolean;
  readonly onTimeout: 'fail' | 'warn';
}

/**
 * Waits until a drained node has no requests through one balancer. With `warn` returns what is left when the time is
 * up, '' if nothing; undefined for a pool whose clients stay connected.
 */
export function* untilEmpty(
  poolMember: PoolMember,
  { sticky, onTimeout, ...order }: Emptying,
): Steps<string | undefined> {
  // Clients with long-lived connections stay until the node stops; other members take them over then.
  const empties = !holdsConnections(poolMember);
  const within = poolMember.pool.drain.withinMs;
  if (sticky) {
    if (empties) yield* noSessions({ ...at(poolMember), within, onTimeout: 'warn' });
    yield drainMember({ ...at(poolMember), ...order, how: 'closed' });
  }
  if (!empties) return undefined;
  const gate = noSessions({ ...at(poolMember), within, onTimeout });
  if (onTimeout === 'warn') return yield* gate;
  yield gate;
  return '';
}

const tail = ({ pool, member: { node }, service }: PoolMember, what: string) =>
  reportRemaining({
    node,
    what,
    ...(service && { container: service.container, published: requestPorts(service) }),
    ports: service === undefined ? [] : [...portsInside(service)],
    longest: pool.longestRequestMs,
    policy: pool.drain.onTimeout,
  });

/** How long a connection may be busy at the last check: a balancer's health check is a request too. */
const LAST_LOOK = '5s';

interface Idle {
  /** `last`: right before a stop; `past`: the drain's time is up, and the rest was reported. */
  readonly look: 'first' | 'past' | 'last';
  /** Addresses of balancers whose views show none of their requests there. */
  readonly idleBalancers: readonly string[];
}

/**
 * Waits until the node itself has no busy connection. With `quit_tail` it waits once; the graceful stop handles the
 * rest.
 */
export function* nodeIsIdle({ poolMembers, services }: NodeBalancing, { look, idleBalancers }: Idle): Steps {
  for (const service of services) {
    const before = poolMembers.filter(({ pool }) => requestPorts(service).includes(pool.port));
    const [first] = before;
    if (service.holdsConnections || first === undefined) continue;
    const quits = before.find(({ pool }) => pool.drain.onTimeout === 'quit_tail');
    if (quits !== undefined && look !== 'first') continue;
    const withinMs = Math.max(...before.map(({ pool }) => pool.drain.withinMs));
    const longestMs = Math.max(...before.map(({ pool }) => pool.longestRequestMs));
    const last = look === 'last';
    const holds = !last && before.some(({ pool }) => pool.drain.onTimeout === 'hold');
    const left = yield* idle({
      container: service.container,
      published: requestPorts(service),
      ports: [...portsInside(service)],
      idleBalancers: [...new Set(idleBalancers)],
      within: last ? LAST_LOOK : `${withinMs}ms`,
      longest: `${longestMs}ms`,
      onTimeout: quits !== undefined ? 'warn' : holds ? 'hold' : 'fail',
    });
    if (quits !== undefined && left !== '') yield tail(quits, left);
  }
}
