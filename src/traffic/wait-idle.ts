import { type Service, serviceAt } from '../api7/services.ts';
import type { Steps } from '../core/task/task.ts';
import { drainMember } from '../lb/drain-member.ts';
import { memberView } from '../lb/member-view.ts';
import { noNewRequests } from '../lb/no-new-requests.ts';
import { noSessions } from '../lb/no-sessions.ts';
import { idle } from '../tasks/idle.ts';
import { orGoOn, orHold } from './gates/drain-policy.ts';
import { reportRemaining } from './gates/drain-tail.ts';
import type { NodeBalancing, PoolMember } from './pool-member.ts';
import type { TrafficContext } from './traffic-context.ts';

const at = ({ balancer, member }: PoolMember) => ({ balancer, member });

/** Pools whose clients hold a connection each for as long as they live never empty: the others take those over. */
const empties = ({ pool }: PoolMember): boolean => serviceAt(pool.port)?.holdsConnections !== true;

/**
 * Waits until nothing runs on a node any more: no request on any of its balancers, then no busy connection at the node
 * itself. Where requests stick to it, it is closed as soon as those that ran are done, or had their time.
 */
export function* waitIdle({ by, reason, drainedBy }: TrafficContext, place: NodeBalancing): Steps {
  const idleBalancers: string[] = [];
  let waited = false;
  for (const seat of place.seats) {
    const { pool, balancer } = seat;
    const { servers, epoch, runningMs = Number.POSITIVE_INFINITY } = yield* memberView(at(seat));
    // After a reload an old process may carry requests that the new one does not count, for as long as one may take.
    const same = drainedBy.get(place.node)?.get(balancer.name) === epoch;
    if (same && runningMs >= pool.longestRequestMs && balancer.shows.sessions) idleBalancers.push(seat.from);
    const sticky = servers.some((server) => server.sticky && server.state !== 'maintenance');
    if (sticky) {
      if (empties(seat)) yield orGoOn(noSessions({ ...at(seat), within: pool.drain.withinMs }));
      yield drainMember({ ...at(seat), by, reason, how: 'closed' });
    }
    if (empties(seat)) waited = (yield* untilEmpty(seat)) || waited;
  }
  yield* nodeIsIdle(place, { look: waited ? 'past' : 'first', idleBalancers });
}

/** Gives whether its time was up before it was empty, and the policy was to go on. */
function* untilEmpty(seat: PoolMember): Steps<boolean> {
  const { withinMs, onTimeout, quietMs } = seat.pool.drain;
  const left = yield* orGoOn(noSessions({ ...at(seat), within: withinMs }));
  if (left !== '') yield tail(seat, left, serviceAt(seat.pool.port));
  if (onTimeout === 'quit_tail') yield noNewRequests({ ...at(seat), since: quietMs, within: quietMs + withinMs });
  return left !== '';
}

const tail = ({ pool, member: { node } }: PoolMember, what: string, component: Service | undefined) =>
  reportRemaining({
    node,
    what,
    ...(component === undefined ? {} : { container: component.container }),
    ports: [...(component?.ports ?? [])],
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
    const before = seats.filter(({ pool }) => component.ports.includes(pool.port));
    const [first] = before;
    if (component.holdsConnections || first === undefined) continue;
    const quits = before.find(({ pool }) => pool.drain.onTimeout === 'quit_tail');
    if (quits !== undefined && look !== 'first') continue;
    const withinMs = Math.max(...before.map(({ pool }) => pool.drain.withinMs));
    const longestMs = Math.max(...before.map(({ pool }) => pool.longestRequestMs));
    const gate = idle({
      container: component.container,
      ports: [...component.ports],
      idleBalancers: [...new Set(idleBalancers)],
      within: look === 'last' ? LAST_LOOK : `${withinMs}ms`,
      longest: `${longestMs}ms`,
    });
    if (quits !== undefined) {
      const left = yield* orGoOn(gate);
      if (left !== '') yield tail(quits, left, component);
    } else yield look !== 'last' && before.some(({ pool }) => pool.drain.onTimeout === 'hold') ? orHold(gate) : gate;
  }
}
