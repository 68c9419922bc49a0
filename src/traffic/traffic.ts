import { requestPorts } from '../api7/services.ts';
import { defined } from '../core/base/data.ts';
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
import { httpReady } from '../tasks/http-ready.ts';
import { keepPrevious } from '../tasks/keep-previous.ts';
import { leftAlone } from '../tasks/left-alone.ts';
import { checkDependencies } from './check-dependencies.ts';
import { clientsBack, clientsBefore, membersOf } from './held-connections.ts';
import { type Checked, nodeDeadlines } from './node-deadlines.ts';
import { nodeView } from './node-view.ts';
import { at, type NodeBalancing, type PoolMember, portsNamedBehind } from './pool-member.ts';
import type { TrafficContext } from './traffic-context.ts';
import { nodeIsIdle, waitIdle } from './wait-idle.ts';
import { hasWayBack, readyAfter, wayBack } from './way-back.ts';

const othersOf = (inventory: Inventory, poolMember: PoolMember): Member[] =>
  membersOf(inventory, poolMember).filter(({ node }) => node !== poolMember.member.node);

/** How one node is drained and restored: its balancers' tasks and its own gates, in order. */
export function trafficOf(context: TrafficContext, balancing: NodeBalancing): Traffic {
  const { inventory, by, reason, run } = context;
  const { poolMembers, services } = balancing;
  const keyOf = ({ balancer, member }: PoolMember): string => `${member.node} ${balancer.name}`;
  /** A drain of an earlier run may be restored by any run; this run's drain may have been taken over. */
  const drainedHere = (): { readonly run?: string } => (context.drainedBy.has(balancing.node) ? { run } : {});
  const downBefore = (poolMember: PoolMember): string[] => [...(context.downBefore.get(keyOf(poolMember)) ?? [])];
  /** Remembered now, because the lease is deleted before the node is in service again. */
  const remember = (poolMember: PoolMember, { lease }: MemberView): void => {
    if (lease !== null) context.downBefore.set(keyOf(poolMember), lease.down ?? []);
  };

  return {
    *observe(): Steps<NodeView> {
      const views: { readonly poolMember: PoolMember; readonly view: MemberView }[] = [];
      for (const poolMember of poolMembers) views.push({ poolMember, view: yield* memberView(at(poolMember)) });
      for (const { poolMember, view } of views) remember(poolMember, view);
      const containers: Diagnostics[] = [];
      // Without balancers, only the node itself can show whether it serves.
      if (poolMembers.length === 0)
        for (const service of services)
          containers.push(yield* containerEvidence({ container: service.container, published: requestPorts(service) }));
      return nodeView({ balancing, views, containers, withoutReason: context.withoutReason });
    },

    checkDependencies: (options) => checkDependencies(context, balancing, options),

    *beforeFirstDrain(): Steps {
      for (const poolMember of poolMembers) yield takesOrders(at(poolMember));
      for (const poolMember of poolMembers)
        yield portsNamed({ ...at(poolMember), ports: [...portsNamedBehind(inventory, poolMember)] });
      for (const [host, [poolMember]] of Map.groupBy(poolMembers, ({ balancer }) => balancer.host)) {
        const { lookedAtBy } = context;
        if (!lookedAtBy.has(host)) lookedAtBy.set(host, balancing.node);
        if (poolMember === undefined || lookedAtBy.get(host) !== balancing.node) continue;
        yield drainsLast(at(poolMember));
        yield leftAlone({ of: 'balancer' }).delegate(host);
      }
    },

    *drain({ evenHeld = false, yields = false } = {}): Steps {
      const epochs = new Map<string, string>();
      if (evenHeld) context.evenHeld.add(balancing.node);
      const shared = yields
        ? poolMembers.filter(({ pool }) => pool.members.length > 1 && !context.mayEmpty(pool.name))
        : [];
      for (const poolMember of shared)
        yield drainMember({ ...at(poolMember), by, reason, run, evenHeld, how: 'leased' });
      for (const poolMember of shared)
        yield othersTakeOver({ ...at(poolMember), others: othersOf(inventory, poolMember) });
      for (const poolMember of poolMembers) {
        yield* clientsBefore(context.held, inventory, poolMember);
        yield drainMember({ ...at(poolMember), by, reason, run, evenHeld, how: 'drained' });
        const view = yield* memberView(at(poolMember));
        remember(poolMember, view);
        epochs.set(poolMember.balancer.name, view.epoch);
      }
      context.drainedBy.set(balancing.node, epochs);
    },

    waitIdle: () => waitIdle(context, balancing),

    *keepsDrained(): Steps {
      for (const poolMember of poolMembers.filter(losesAll)) yield keepsDrained(at(poolMember));
    },

    *stillDrained(): Steps {
      const epochs = context.drainedBy.get(balancing.node);
      for (const poolMember of poolMembers) {
        const epoch = losesAll(poolMember) ? epochs?.get(poolMember.balancer.name) : undefined;
        yield stillDrained({
          ...at(poolMember),
          run,
          evenHeld: context.evenHeld.has(balancing.node),
          ...defined({ epoch }),
        });
      }
      const idleBalancers = poolMembers.filter(({ balancer }) => balancer.shows.sessions).map(({ from }) => from);
      yield* nodeIsIdle(balancing, { look: 'last', idleBalancers });
    },

    waitReady: () => readyAfter(context, balancing),

    *restore({ percent, soak } = {}): Steps {
      for (const poolMember of poolMembers) {
        // Without counters to compare, partial traffic would be of no use.
        const part = isCompared(poolMember) ? defined({ percent }) : {};
        yield restoreMember({ ...at(poolMember), ...drainedHere(), ...part, ...defined({ soak }) });
      }
    },

    *partlyRestored(): Steps<readonly string[]> {
      const names: string[] = [];
      for (const poolMember of poolMembers.filter(({ balancer }) => balancer.partOf !== undefined)) {
        const { lease, servers } = yield* memberView(at(poolMember));
        const isOurs = lease?.kind === 'run' && !isOfAnotherRun(lease, drainedHere().run);
        if (isOurs && servers.some(acceptsRequests)) names.push(poolMember.balancer.name);
      }
      return names;
    },

    *anotherRun(): Steps<string> {
      if (!context.drainedBy.has(balancing.node)) return '';
      for (const poolMember of poolMembers) {
        const { lease } = yield* memberView(at(poolMember));
        if (lease !== null && isOfAnotherRun(lease, run))
          return `${holderOf(lease)}, by the lease on ${poolMember.balancer.host}`;
      }
      return '';
    },

    *waitInService(): Steps {
      for (const poolMember of poolMembers) {
        const held = heldServers(yield* memberView(at(poolMember)));
        const timing = yield* checkTiming(at(poolMember));
        yield inService({ ...at(poolMember), timing, held: [...held], down: downBefore(poolMember) });
        if (!poolMember.balancer.shows.up && held.length === 0) yield reachedBy(poolMember);
      }
      yield* clientsBack(context.held, inventory, poolMembers);
    },

    *stillHealthy(): Steps {
      for (const poolMember of poolMembers) {
        const held = heldServers(yield* memberView(at(poolMember)));
        yield inService({ ...at(poolMember), held: [...held], down: downBefore(poolMember), within: 0 });
      }
      for (const { health, container } of services) yield httpReady({ ...health, container, within: '0s' });
    },

    *counters(): Steps<Readonly<Record<string, Counters>>> {
      const all: Record<string, Counters> = {};
      for (const poolMember of poolMembers) {
        const counters = isCompared(poolMember) ? yield* counted(at(poolMember)) : null;
        if (counters !== null) all[poolMember.balancer.name] = counters;
      }
      return all;
    },

    *collectDiagnostics(): Steps<readonly Diagnostics[]> {
      const all: Diagnostics[] = [];
      for (const { container, health, name } of services) {
        const probes = name === 'gateway' ? [health, { ...health, path: '/status/ready' }] : [health];
        all.push(yield* containerEvidence({ container, probes }));
      }
      return all;
    },

    // A gateway has its data in the control plane. Dashboard and DP Manager may have migrated their database.
    canGoBack: services.some(({ name }) => name === 'gateway'),

    *keepPrevious({ serves }): Steps {
      for (const { container } of services) yield keepPrevious({ container, serves });
    },

    hasWayBack: () => hasWayBack(context, balancing),

    goBack: () => wayBack(context, balancing),

    *deadlines() {
      const checked: Checked[] = [];
      for (const poolMember of poolMembers)
        checked.push({
          pool: poolMember.pool,
          balancer: poolMember.balancer.name,
          timing: yield* checkTiming(at(poolMember)),
        });
      return nodeDeadlines(inventory, balancing, checked);
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
