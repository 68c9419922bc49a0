import type { Steps } from '../core/task.ts';
import { emptied } from '../lb/emptied.ts';
import { outOfTraffic } from '../lb/out-of-traffic.ts';
import { quiet } from '../lb/quiet.ts';
import { standing } from '../lb/standing.ts';
import { idle } from '../tasks/idle.ts';
import { componentAt } from './components.ts';
import { orGoOn, orHold } from './drain-policy.ts';
import type { Place, Seat } from './seats.ts';
import type { TrafficContext } from './traffic.ts';

const at = ({ balancer, member }: Seat) => ({ balancer, member });

/** Pools whose clients hold a connection each for as long as they live never empty: the others take those over. */
const empties = ({ pool }: Seat): boolean => componentAt(pool.port)?.holdsConnections !== true;

/**
 * Waits until nothing runs on a node any more: no request on any of its balancers, then no busy connection at the node
 * itself. Where requests stick to it, it is closed as soon as those that ran are done, or had their time.
 */
export function* drained({ by, reason, drainedBy }: TrafficContext, place: Place): Steps {
  const vouched: string[] = [];
  for (const seat of place.seats) {
    const { pool, balancer } = seat;
    const { servers, epoch } = yield* standing(at(seat));
    // After a reload an old process may still carry requests that the new one does not count.
    const same = drainedBy.get(place.node)?.get(balancer.name) === epoch;
    if (same && balancer.shows.sessions) vouched.push(seat.from);
    const sticky = servers.some((server) => server.sticky && server.state !== 'maintenance');
    const ends = emptied({ ...at(seat), within: pool.drain.withinMs });
    if (sticky) {
      if (empties(seat)) yield orGoOn(ends);
      yield outOfTraffic({ ...at(seat), by, reason, how: 'closed' });
    }
    if (empties(seat)) yield* untilEmpty(seat);
  }
  yield* nodeIsIdle(place, { lastLook: false, vouched });
}

function* untilEmpty(seat: Seat): Steps {
  const { withinMs, onTimeout, quietMs } = seat.pool.drain;
  const ends = emptied({ ...at(seat), within: withinMs });
  if (onTimeout === 'abort') yield ends;
  if (onTimeout === 'hold') yield orHold(ends);
  if (onTimeout !== 'quit_tail') return;
  yield orGoOn(ends);
  yield quiet({ ...at(seat), since: quietMs, within: quietMs + withinMs });
}

/** For so long a connection may be busy at the last look: a health check of the balancer's is a request too. */
const LAST_LOOK = '5s';

/**
 * The node's own word. The last look, right before a stop, is taken only where nobody was to decide otherwise: who chose
 * to go on with requests running knows that some do.
 */
export function* nodeIsIdle(
  { seats, components }: Place,
  { lastLook, vouched }: { readonly lastLook: boolean; readonly vouched: readonly string[] },
): Steps {
  for (const { container, ports, holdsConnections } of components) {
    const before = seats.filter(({ pool }) => ports.includes(pool.port));
    const policies = new Set(before.map(({ pool }) => pool.drain.onTimeout));
    if (holdsConnections || before.length === 0 || policies.has('quit_tail')) continue;
    if (lastLook && policies.has('hold')) continue;
    const withinMs = Math.max(...before.map(({ pool }) => pool.drain.withinMs));
    const longestMs = Math.max(...before.map(({ pool }) => pool.longestRequestMs));
    const gate = idle({
      container,
      ports: [...ports],
      vouched: [...new Set(vouched)],
      within: lastLook ? LAST_LOOK : `${withinMs}ms`,
      longest: `${longestMs}ms`,
    });
    yield policies.has('hold') ? orHold(gate) : gate;
  }
}
