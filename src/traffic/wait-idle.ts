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
import type { NodeBalancing, PoolMember } from './pool-member.ts';
import type { TrafficContext } from './traffic-context.ts';

const at = ({ balancer, member }: PoolMember) => ({ balancer, member });

/**
 * Waits until nothing runs on a node any more: no request on any of its balancers, then no busy connection at the node
 * itself. Where requests stick to it, it is closed as soon as those that ran are done, or had their time.
 */
export function* waitIdle(context: TrafficContext, place: NodeBalancing): Steps {
  const { by, reason, run, drainedBy } = context;
  const evenHeld = context.evenHeld.has(place.node);
  const idleBalancers: string[] = [];
  let waited = false;
  for (const seat of place.seats) {
    const { pool, balancer } = seat;
    const { servers, epoch, runningMs = Number.POSITIVE_INFINITY } = yield* memberView(at(seat));
    // After a reload an old process may carry requests that the new one does not count, for as long as one may take.
    const same = drainedBy.get(place.node)?.get(balancer.name) === epoch;
    if (same && runningMs >= pool.longestRequestMs && balancer.shows.sessions) idleBalancers.push(seat.from);
    const left = yield* untilEmpty(seat, {
      sticky: servers.some(sticks),
      by,
      reason,
      run,
      evenHeld,
      onTimeout: 'warn',
    });
    if (left === undefined) continue;
    const { withinMs, onTimeout, quietMs } = pool.drain;
    if (left !== '') yield tail(seat, left);
    if (onTimeout === 'quit_tail') yield noNewRequests({ ...at(seat), since: quietMs, within: quietMs + withinMs });
    waited ||= left !== '';
  }
  yield* nodeIsIdle(place, { look: waited ? 'past' : 'first', idleBalancers });
}

interface Emptying {
  /** Requests stick to the node: it is closed as soon as those that ran are done, or had their time. */
  readonly sticky: boolean;
  readonly by: string;
  readonly reason: string;
  readonly kind?: 'hand' | 'run';
  /** Of a drain of kind `run`. */
  readonly run?: string;
  readonly evenHeld?: boolean;
  readonly onTimeout: 'fail' | 'warn';
}

/**
 * Waits until no request runs on a drained node through one balancer. With `warn` it gives what is left when the time is
 * up, '' when nothing is; undefined where a pool never empties.
 */
export function* untilEmpty(seat: PoolMember, { sticky, onTimeout, ...order }: Emptying): Steps<string | undefined> {
  // Clients that hold one connection for as long as they live stay, or other members take them over when the node stops.
  const empties = !holdsConnections(seat);
  const within = seat.pool.drain.withinMs;
  if (sticky) {
    if (empties) yield* noSessions({ ...at(seat), within, onTimeout: 'warn' });
    yield drainMember({ ...at(seat), ...order, how: 'closed' });
  }
  if (!empties) return undefined;
  const gate = noSessions({ ...at(seat), within, onTimeout });
  if (onTimeout === 'warn') return yield* gate;
  yield gate;
  return '';
}

const tail = ({ pool, member: { node }, service }: PoolMember, what: string) =>
  reportRemaining({
    node,
    what,
    ...(service && { container: service.container }),
    ports: service === undefined ? [] : [...portsInside(service)],
    longest: pool.longestRequestMs,
    policy: pool.drain.onTimeout,
  });

/** For so long a connection may be busy at the last look: a health check of the balancer's is a request too. */
const LAST_LOOK = '5s';

interface Idle {
  /** `last`: right before a stop; `past`: the time that a drain has is used up, and what remains has been told. */
  readonly look: 'first' | 'past' | 'last';
  /** Addresses of balancers that have shown that none of their requests runs there. */
  readonly idleBalancers: readonly string[];
}

/** The node's own word. With `quit_tail` it has its time once, and what remains then is left to the graceful stop. */
export function* nodeIsIdle({ seats, components }: NodeBalancing, { look, idleBalancers }: Idle): Steps {
  for (const component of components) {
    const before = seats.filter(({ pool }) => requestPorts(component).includes(pool.port));
    const [first] = before;
    if (component.holdsConnections || first === undefined) continue;
    const quits = before.find(({ pool }) => pool.drain.onTimeout === 'quit_tail');
    if (quits !== undefined && look !== 'first') continue;
    const withinMs = Math.max(...before.map(({ pool }) => pool.drain.withinMs));
    const longestMs = Math.max(...before.map(({ pool }) => pool.longestRequestMs));
    const last = look === 'last';
    const holds = !last && before.some(({ pool }) => pool.drain.onTimeout === 'hold');
    const left = yield* idle({
      container: component.container,
      ports: [...portsInside(component)],
      idleBalancers: [...new Set(idleBalancers)],
      within: last ? LAST_LOOK : `${withinMs}ms`,
      longest: `${longestMs}ms`,
      onTimeout: quits !== undefined ? 'warn' : holds ? 'hold' : 'fail',
    });
    if (quits !== undefined && left !== '') yield tail(quits, left);
  }
}
