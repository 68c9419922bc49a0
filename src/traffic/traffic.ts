import { CONTAINERS } from '../api7/paths.ts';
import { readyGates } from '../api7/ready-gates.ts';
import { defined } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Counters, Member, MemberView } from '../core/host/balancer.ts';
import type { Diagnostics, NodeView, Traffic } from '../core/play/rolling.ts';
import type { Steps } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { drainsLast, portsNamed, takesOrders } from '../lb/before-drain.ts';
import { checkTiming } from '../lb/check-timing.ts';
import { counted } from '../lb/counted.ts';
import { drainMember } from '../lb/drain-member.ts';
import { inService } from '../lb/in-service.ts';
import { keepsDrained } from '../lb/keeps-drained.ts';
import { holderOf, isOfAnotherRun } from '../lb/lease.ts';
import { memberView } from '../lb/member-view.ts';
import { othersTakeOver } from '../lb/others-take-over.ts';
import { acceptsRequests, heldServers } from '../lb/read-member.ts';
import { restoreMember } from '../lb/restore-member.ts';
import { stillDrained } from '../lb/still-drained.ts';
import { containerEvidence } from '../tasks/container-evidence.ts';
import { goBack } from '../tasks/go-back.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { keepPrevious } from '../tasks/keep-previous.ts';
import { leftAlone } from '../tasks/left-alone.ts';
import { previousStates } from '../tasks/previous-states.ts';
import { guard } from './check-dependencies.ts';
import { clientsBack, clientsBefore, membersOf } from './held-connections.ts';
import { type Checked, nodeDeadlines } from './node-deadlines.ts';
import { nodeView } from './node-view.ts';
import { type NodeBalancing, type PoolMember, portsNamedBehind } from './pool-member.ts';
import type { TrafficContext } from './traffic-context.ts';
import { nodeIsIdle, waitIdle } from './wait-idle.ts';

const at = ({ balancer, member }: PoolMember) => ({ balancer, member });

const othersOf = (inventory: Inventory, seat: PoolMember): Member[] =>
  membersOf(inventory, seat).filter(({ node }) => node !== seat.member.node);

/** How one node is drained and restored: its balancers' tasks and its own gates, in order. */
export function trafficOf(context: TrafficContext, place: NodeBalancing): Traffic {
  const { inventory, by, reason, run } = context;
  const { seats, components } = place;
  const keyOf = ({ balancer, member }: PoolMember): string => `${member.node} ${balancer.name}`;
  /** A drain of an earlier run may be restored by any run; this run's drain may have been taken over. */
  const drainedHere = (): { readonly run?: string } => (context.drainedBy.has(place.node) ? { run } : {});
  const downBefore = (seat: PoolMember): string[] => [...(context.downBefore.get(keyOf(seat)) ?? [])];
  /** Remembered now, because the lease is deleted before the node is in service again. */
  const remember = (seat: PoolMember, { lease }: MemberView): void => {
    if (lease !== null) context.downBefore.set(keyOf(seat), lease.down ?? []);
  };

  return {
    *observe(): Steps<NodeView> {
      const views: { readonly seat: PoolMember; readonly view: MemberView }[] = [];
      for (const seat of seats) views.push({ seat, view: yield* memberView(at(seat)) });
      for (const { seat, view } of views) remember(seat, view);
      const containers: Diagnostics[] = [];
      // Without balancers, only the node itself can show whether it serves.
      if (seats.length === 0)
        for (const { container } of components) containers.push(yield* containerEvidence({ container }));
      return nodeView({ place, views, containers, withoutReason: context.withoutReason });
    },

    checkDependencies: (options) => guard(context, place, options),

    *beforeFirstDrain(): Steps {
      for (const seat of seats) yield takesOrders(at(seat));
      for (const seat of seats) yield portsNamed({ ...at(seat), ports: [...portsNamedBehind(inventory, seat)] });
      for (const [host, [seat]] of Map.groupBy(seats, ({ balancer }) => balancer.host)) {
        const { lookedAtBy } = context;
        if (!lookedAtBy.has(host)) lookedAtBy.set(host, place.node);
        if (seat === undefined || lookedAtBy.get(host) !== place.node) continue;
        yield drainsLast(at(seat));
        yield leftAlone({ of: 'balancer' }).delegate(host);
      }
    },

    *drain({ evenHeld = false, yields = false } = {}): Steps {
      const told = new Map<string, string>();
      if (evenHeld) context.evenHeld.add(place.node);
      const shared = yields ? seats.filter(({ pool }) => pool.members.length > 1 && !context.mayEmpty(pool.name)) : [];
      for (const seat of shared) yield drainMember({ ...at(seat), by, reason, run, evenHeld, how: 'leased' });
      for (const seat of shared) yield othersTakeOver({ ...at(seat), others: othersOf(inventory, seat) });
      for (const seat of seats) {
        yield* clientsBefore(context.held, inventory, seat);
        yield drainMember({ ...at(seat), by, reason, run, evenHeld, how: 'drained' });
        const view = yield* memberView(at(seat));
        remember(seat, view);
        told.set(seat.balancer.name, view.epoch);
      }
      context.drainedBy.set(place.node, told);
    },

    waitIdle: () => waitIdle(context, place),

    *keepsDrained(): Steps {
      for (const seat of seats.filter(losesAll)) yield keepsDrained(at(seat));
    },

    *stillDrained(): Steps {
      const told = context.drainedBy.get(place.node);
      for (const seat of seats) {
        const epoch = losesAll(seat) ? told?.get(seat.balancer.name) : undefined;
        yield stillDrained({ ...at(seat), run, evenHeld: context.evenHeld.has(place.node), ...defined({ epoch }) });
      }
      const idleBalancers = seats.filter(({ balancer }) => balancer.shows.sessions).map(({ from }) => from);
      yield* nodeIsIdle(place, { look: 'last', idleBalancers });
    },

    waitReady: () => readyGates(inventory, place.node, components),

    *restore({ percent, soaks = false } = {}): Steps {
      for (const seat of seats) {
        // Without counters to compare, partial traffic would be of no use.
        const part = isCompared(seat) ? defined({ percent }) : {};
        yield restoreMember({ ...at(seat), ...drainedHere(), ...part, soaks });
      }
    },

    *partlyRestored(): Steps<readonly string[]> {
      const names: string[] = [];
      for (const seat of seats.filter(({ balancer }) => balancer.partOf !== undefined)) {
        const { lease, servers } = yield* memberView(at(seat));
        const isOurs = lease?.kind === 'run' && !isOfAnotherRun(lease, drainedHere().run);
        if (isOurs && servers.some(acceptsRequests)) names.push(seat.balancer.name);
      }
      return names;
    },

    *anotherRun(): Steps<string> {
      if (!context.drainedBy.has(place.node)) return '';
      for (const seat of seats) {
        const { lease } = yield* memberView(at(seat));
        if (lease !== null && isOfAnotherRun(lease, run))
          return `${holderOf(lease)}, by the lease on ${seat.balancer.host}`;
      }
      return '';
    },

    *waitInService(): Steps {
      for (const seat of seats) {
        const held = heldServers(yield* memberView(at(seat)));
        const timing = yield* checkTiming(at(seat));
        yield inService({ ...at(seat), timing, held: [...held], down: downBefore(seat) });
        if (!seat.balancer.shows.up && held.length === 0) yield reachedBy(seat);
      }
      yield* clientsBack(context.held, inventory, seats);
    },

    *stillHealthy(): Steps {
      for (const seat of seats) {
        const held = heldServers(yield* memberView(at(seat)));
        yield inService({ ...at(seat), held: [...held], down: downBefore(seat), within: 0 });
      }
      for (const { health, container } of components) yield httpReady({ ...health, container, within: '0s' });
    },

    *counters(): Steps<Readonly<Record<string, Counters>>> {
      const all: Record<string, Counters> = {};
      for (const seat of seats) {
        const counters = isCompared(seat) ? yield* counted(at(seat)) : null;
        if (counters !== null) all[seat.balancer.name] = counters;
      }
      return all;
    },

    *collectDiagnostics(): Steps<readonly Diagnostics[]> {
      const all: Diagnostics[] = [];
      for (const { container, health, name } of components) {
        const probes = name === 'gateway' ? [health, { ...health, path: '/status/ready' }] : [health];
        all.push(yield* containerEvidence({ container, probes }));
      }
      return all;
    },

    // A gateway has its data in the control plane. Dashboard and DP Manager may have migrated their database.
    canGoBack: components.some(({ name }) => name === 'gateway'),

    *keepPrevious({ serves }): Steps {
      for (const { container } of components) yield keepPrevious({ container, serves });
    },

    *hasWayBack(): Steps {
      const container = CONTAINERS.gateway;
      const { states, why } = yield* previousStates({ container });
      if (!states.some(({ isBefore }) => isBefore))
        throw new OrchError('NO_WAY_BACK', `not rolled back: ${why ?? `${container} runs what it ran before`}`, {
          host: place.node,
        });
    },

    *goBack(): Steps {
      yield goBack({ container: CONTAINERS.gateway });
    },

    *deadlines() {
      const checked: Checked[] = [];
      for (const seat of seats)
        checked.push({ pool: seat.pool, balancer: seat.balancer.name, timing: yield* checkTiming(at(seat)) });
      return nodeDeadlines(inventory, place, checked);
    },
  };
}

/** Whether its errors are compared with its peers'. The control plane has too few requests for a verdict. */
const isCompared = ({ service, balancer }: PoolMember): boolean =>
  balancer.shows.counters && service?.compared !== false;

/**
 * Runtime settings are lost with the process, and an old process may still carry requests. If each drain is a reload,
 * another node's drain does not show a loss.
 */
const losesAll = ({ balancer: { shows } }: PoolMember): boolean => shows.reload && shows.sessions;

/** If a balancer does not report health, its host must at least get any response from the node. */
const reachedBy = ({ balancer, member }: PoolMember) =>
  httpReady({ address: member.address, port: member.port, path: '/', status: 'any', within: '30s' }).delegate(
    balancer.host,
  );
