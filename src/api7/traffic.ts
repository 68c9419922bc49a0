import type { Counters, MemberView } from '../core/balancer.ts';
import type { Evidence, NodeView, Traffic } from '../core/rolling.ts';
import type { Steps } from '../core/task.ts';
import { backInTraffic } from '../lb/back-in-traffic.ts';
import { checkTiming } from '../lb/check-timing.ts';
import { counted } from '../lb/counted.ts';
import { inService } from '../lb/in-service.ts';
import { keptOut } from '../lb/look.ts';
import { outOfTraffic } from '../lb/out-of-traffic.ts';
import { standing } from '../lb/standing.ts';
import { stillOut } from '../lb/still-out.ts';
import { containerEvidence } from '../tasks/container-evidence.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { componentAt } from './components.ts';
import { drained, nodeIsIdle } from './drained.ts';
import { guard } from './guard.ts';
import { clientsBack, clientsBefore } from './held-connections.ts';
import { type Checked, nodeDeadlines } from './node-deadlines.ts';
import { nodeView } from './node-view.ts';
import { PORTS } from './paths.ts';
import { readyGates } from './ready-gates.ts';
import type { Place, Seat } from './seats.ts';
import type { TrafficContext } from './traffic-context.ts';

const at = ({ balancer, member }: Seat) => ({ balancer, member });

/** How one node is taken out of traffic and given back: its balancers' tasks and its own gates, in their order. */
export function trafficOf(context: TrafficContext, place: Place): Traffic {
  const { inventory, by, reason } = context;
  const { seats, components } = place;

  return {
    *observe(): Steps<NodeView> {
      const views: { readonly seat: Seat; readonly view: MemberView }[] = [];
      for (const seat of seats) views.push({ seat, view: yield* standing(at(seat)) });
      const containers: Evidence[] = [];
      // Where no balancer tells, whether the node serves can only be said by the node.
      if (seats.length === 0)
        for (const { container } of components) containers.push(yield* containerEvidence({ container }));
      return nodeView({ place, views, containers, withoutReason: context.withoutReason });
    },

    guard: () => guard(context, place),

    *drain(): Steps {
      const told = new Map<string, string>();
      for (const seat of seats) {
        yield* clientsBefore(context.held, inventory, seat);
        yield outOfTraffic({ ...at(seat), by, reason, how: 'drained' });
        told.set(seat.balancer.name, (yield* standing(at(seat))).epoch);
      }
      context.drainedBy.set(place.node, told);
    },

    drained: () => drained(context, place),

    *stillDrained(): Steps {
      const told = context.drainedBy.get(place.node);
      for (const seat of seats) {
        const epoch = losesAll(seat) ? told?.get(seat.balancer.name) : undefined;
        yield stillOut({ ...at(seat), ...(epoch === undefined ? {} : { epoch }) });
      }
      const vouched = seats.filter(({ balancer }) => balancer.shows.sessions).map(({ from }) => from);
      yield* nodeIsIdle(place, { look: 'last', vouched });
    },

    ready: () => readyGates(inventory, components),

    *restore(): Steps {
      for (const seat of seats) yield backInTraffic(at(seat));
    },

    *inService(): Steps {
      for (const seat of seats) {
        const held = keptOut(yield* standing(at(seat)));
        const timing = yield* checkTiming(at(seat));
        yield inService({ ...at(seat), timing, held: [...held] });
        if (!seat.balancer.shows.up && held.length === 0) yield reachedBy(seat);
        yield* clientsBack(context.held, inventory, seat);
      }
    },

    *stillWell(): Steps {
      for (const seat of seats) {
        const held = keptOut(yield* standing(at(seat)));
        yield inService({ ...at(seat), held: [...held], within: 0 });
      }
      for (const { health, container } of components) yield httpReady({ ...health, container, within: '0s' });
    },

    *counters(): Steps<Readonly<Record<string, Counters>>> {
      const all: Record<string, Counters> = {};
      for (const seat of seats) {
        // The few who ask the control plane would leave every change of it undecided.
        if (componentAt(seat.pool.port)?.compared === false) continue;
        const counters = seat.balancer.shows.counters ? yield* counted(at(seat)) : null;
        if (counters !== null) all[seat.balancer.name] = counters;
      }
      return all;
    },

    *evidence(): Steps<readonly Evidence[]> {
      const all: Evidence[] = [];
      for (const { container, health, name } of components) {
        const probes = name === 'gateway' ? [health, { port: PORTS.status, path: '/status/ready' }] : [health];
        all.push(yield* containerEvidence({ container, probes }));
      }
      return all;
    },

    *deadlines() {
      const checked: Checked[] = [];
      for (const seat of seats)
        checked.push({ pool: seat.pool, balancer: seat.balancer.name, timing: yield* checkTiming(at(seat)) });
      return nodeDeadlines(inventory, components, checked);
    },
  };
}

/**
 * What is set at runtime is lost with the process, and an old one may still carry requests. Where every drain is itself a
 * reload, another node's drain says nothing.
 */
const losesAll = ({ balancer: { shows } }: Seat): boolean => shows.reload && shows.sessions;

/** Where a balancer does not show that it uses a node, its host must at least be able to: any answer will do. */
const reachedBy = ({ balancer, member }: Seat) =>
  httpReady({ address: member.address, port: member.port, path: '/', status: 'any', within: '30s' }).delegate(
    balancer.host,
  );
