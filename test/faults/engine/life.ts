import { defined } from '../../../src/core/base/data.ts';
import { OrchError } from '../../../src/core/base/errors.ts';
import type { RunEvent } from '../../../src/core/event/event.ts';
import { type Plays, play } from '../../../src/core/play/play.ts';
import { emitter } from '../../../src/engine/emit.ts';
import { Hosts } from '../../../src/engine/plan/hosts.ts';
import { Locals } from '../../../src/engine/plan/locals.ts';
import { type RunReport, runPlaybook } from '../../../src/engine/run-playbook.ts';
import { localFiles } from '../../../src/local/local-files.ts';
import type { Options } from '../../../src/rolling/types.ts';
import { fleetOf } from '../../../src/traffic/fleet.ts';
import { blowsOn } from './blows.ts';
import type { Cluster } from './cluster.ts';
import { delays } from './delays.ts';
import type { Monitor } from './monitor.ts';
import { ownProgram, placedFleet } from './placed.ts';
import { upgrade } from './program.ts';
import type { Blows, Fault } from './strike.ts';
import { Wire } from './wire.ts';

export interface Setup {
  readonly options: Options;
  readonly inRun: readonly string[];
  readonly unstaged: readonly string[];
  readonly skipUnreachable: boolean;
  readonly faults: readonly Fault[];
  /** The write of a step that the fault strikes, and the delays between hosts. */
  readonly nth: number;
  /** Receives all events: for playing one case alone. */
  readonly listen?: (event: RunEvent) => void;
}

/** How one controller ended. Without a report it was killed. */
export interface Life {
  readonly report: RunReport | undefined;
  readonly events: readonly RunEvent[];
  readonly happened: readonly Fault[];
  readonly left: readonly Fault[];
  /** Whether it has ever read the state of the balancers. */
  readonly looked: boolean;
}

/** The operator answers yes a limited number of times. */
const PATIENCE = 4;

/** One run of the real engine over the cluster, to its end or to the death of its controller. @throws Violation */
export async function live(cluster: Cluster, monitor: Monitor, setup: Setup): Promise<Life> {
  const { time, inventory } = cluster;
  const events: RunEvent[] = [];
  const steps = new Map<string, string>();
  const interrupt = new AbortController();
  const urgent = new AbortController();
  const interruption = new OrchError('INTERRUPTED', 'interrupted');
  const death = Promise.withResolvers<void>();
  let yes = PATIENCE;
  monitor.way.begin();
  const blows: Blows = {
    ...blowsOn(cluster, monitor),
    kill: () => {
      wire.dead = true;
      time.forget();
      death.resolve();
    },
    interrupt: (twice) => {
      monitor.way.interrupted();
      interrupt.abort(interruption);
      if (twice) urgent.abort(interruption);
    },
    answer: (go) => {
      yes = go ? PATIENCE : 0;
    },
  };
  const wire = new Wire(cluster, setup.faults, setup.nth, blows);
  wire.delay = delays(setup.nth);
  const hosts = new Hosts(wire.connect, { clock: time, signal: urgent.signal });
  const listen = (event: RunEvent): void => {
    events.push(event);
    monitor.event(event);
    setup.listen?.(event);
    if (event.type !== 'roll.step') return;
    if (event.status === 'begun') steps.set(event.host, event.step);
    else if (steps.delete(event.host)) wire.over({ node: event.host, step: event.step });
  };
  const context = {
    hosts,
    locals: new Locals(localFiles()),
    clock: time,
    emit: emitter(time, [listen]),
    check: false,
    diff: false,
    forks: 20,
    signal: interrupt.signal,
    urgent: urgent.signal,
    fleet: placedFleet(fleetOf(inventory, { by: 'ops@desk' }), {
      wire,
      steps,
      looking: () => monitor.looking(),
      carriedOut: (node, program) => monitor.way.carriedOut(node, program),
    }),
    rollFlags: { includeHeld: setup.options.includeHeld, skipUnreachable: setup.skipUnreachable },
    ask: async () => {
      await time.sleep(1000);
      return yes-- > 0;
    },
    outage: async () => true,
    onNetwork: (listener: (up: boolean) => void) => hosts.onNetwork(listener),
    restoreCommand: (node: string) => `lb restore ${node}`,
  };
  const request = {
    title: 'faults',
    cluster: 'faults',
    plays: () => plays(cluster, wire, setup),
    select: () =>
      setup.inRun.map((name) => ({ name, address: cluster.address(name), groups: ['data_plane'], vars: {} })),
  };
  const running = runPlaybook(context, request);
  const over = Promise.race([running, death.promise]);
  await time.until(over, () => monitor.wrong);
  time.forget();
  const report = (await over) ?? undefined;
  const looked = wire.happened.length === 0 || events.some(({ type }) => type === 'roll.step');
  return { report, events, happened: wire.happened, left: wire.left, looked };
}

function* plays(cluster: Cluster, wire: Wire, { options, unstaged }: Setup): Plays {
  const { canary, batch, maxUnavailable, maxFailures, order, leaveDrained } = options;
  yield* play({
    name: 'Upgrade',
    hosts: 'data_plane',
    rolling: {
      canary,
      ...defined({ batch }),
      maxUnavailable,
      maxFailures,
      order,
      leaveDrained,
      soak: '2s',
    },
    tasks(host) {
      const ways = { inTraffic: !leaveDrained, staged: !unstaged.includes(host.name) };
      return ownProgram(upgrade(cluster.inventory, host, ways), wire, host.name);
    },
  });
}
