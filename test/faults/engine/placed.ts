import type { Fleet, Traffic } from '../../../src/core/play/rolling.ts';
import { Ask, type Steps, type Task } from '../../../src/core/task/task.ts';
import type { Place } from './strike.ts';
import type { Program } from './way.ts';
import type { Wire } from './wire.ts';

/** The same task, whose operations on a host count for a step. `reads` of the node's own program count for none. */
const placed = (task: Task, wire: Wire, read: Place | undefined, write: Place): Task =>
  task.override((bound) => ({
    read: (host, local) => {
      // A read gets a whole connection; only its type forbids writes.
      const through = read === undefined ? host : wire.at(host as Parameters<Wire['at']>[0], read);
      return bound.read(through, local);
    },
    write: (change, host, local, report) => bound.write(change, wire.at(host, write), local, report),
  }));

function* allAt<R>(steps: Steps<R>, wire: Wire, place: Place): Steps<R> {
  for (let answer: unknown; ; ) {
    const { done, value } = steps.next(answer);
    if (done) return value;
    answer =
      value instanceof Ask
        ? yield new Ask(placed(value.task, wire, place, place))
        : yield placed(value, wire, place, place);
  }
}

/** A host's own program: its disruptive part is its step `apply`, the part before that is `stage`. */
export function* ownProgram(steps: Steps, wire: Wire, node: string): Steps {
  for (const step of steps) {
    if (step instanceof Ask) throw new Error('it asks nothing');
    // Other tasks refer to tasks that are no gates and disrupt nothing: those must stay the same objects.
    if (step.type.kind === 'image') yield step;
    else yield placed(step, wire, undefined, { node, step: step.type.impact === 'node' ? 'apply' : 'stage' });
  }
}

export interface Placing {
  readonly wire: Wire;
  /** The step of each node, as reported. */
  readonly steps: ReadonlyMap<string, string>;
  /** All nodes are being observed. */
  looking(): void;
  carriedOut(node: string, program: Program): void;
}

/** The same fleet, whose programs count for the step that runs them. */
export function placedFleet(fleet: Fleet, { wire, steps, looking, carriedOut }: Placing): Fleet {
  return {
    poolsOf: (nodes) => fleet.poolsOf(nodes),
    poolsEmptiedBy: (nodes, atOnce, inTraffic) => fleet.poolsEmptiedBy(nodes, atOnce, inTraffic),
    traffic(node) {
      const own = fleet.traffic(node);
      if (own === undefined) return undefined;
      // Programs of the fleet that run during the change of a node are the last check before its stop.
      const mine = (): Place => {
        const step = steps.get(node) ?? 'apply';
        return { node, step: step === 'apply' ? 'lastLook' : step };
      };
      const by = (step: string): Place => {
        if (steps.get(node) === 'soak') return mine();
        const [who = ''] = [...steps].find(([, at]) => at === step) ?? [];
        return { node: who, step };
      };
      const at = function* <R>(program: Program, made: Steps<R>, place: Place): Steps<R> {
        const value = yield* allAt(made, wire, place);
        carriedOut(node, program);
        return value;
      };
      return {
        observe() {
          looking();
          return at('observe', own.observe(), { node: '', step: 'look' });
        },
        checkDependencies: () => at('checkDependencies', own.checkDependencies(), mine()),
        beforeFirstDrain: () => at('beforeFirstDrain', own.beforeFirstDrain(), { node, step: 'deadlines' }),
        drain: (options) => at('drain', own.drain(options), mine()),
        keepsDrained: () => at('keepsDrained', own.keepsDrained(), mine()),
        anotherRun: () => at('anotherRun', own.anotherRun(), mine()),
        waitIdle: () => at('waitIdle', own.waitIdle(), mine()),
        stillDrained: () => at('stillDrained', own.stillDrained(), mine()),
        waitReady: () => at('waitReady', own.waitReady(), mine()),
        restore: (options) => at('restore', own.restore(options), mine()),
        partlyRestored: () => at('partlyRestored', own.partlyRestored(), mine()),
        waitInService: () => at('waitInService', own.waitInService(), mine()),
        stillHealthy: () => at('stillHealthy', own.stillHealthy(), by('recheck')),
        counters: () => at('counters', own.counters(), by('soak')),
        collectDiagnostics: () => at('collectDiagnostics', own.collectDiagnostics(), mine()),
        canGoBack: own.canGoBack,
        keepPrevious: (options) => at('keepPrevious', own.keepPrevious(options), mine()),
        hasWayBack: () => at('hasWayBack', own.hasWayBack(), mine()),
        goBack: () => at('goBack', own.goBack(), mine()),
        deadlines: () => at('deadlines', own.deadlines(), { node, step: 'deadlines' }),
      } satisfies Traffic;
    },
  };
}
