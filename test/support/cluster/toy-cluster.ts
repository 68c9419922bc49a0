import type { RunEvent } from '../../../src/core/event/event.ts';
import { type PlayOptions, play } from '../../../src/core/play/play.ts';
import type { RollingOptions } from '../../../src/core/play/rolling.ts';
import type { Task } from '../../../src/core/task/task.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { type FakeRunOptions, runPlays } from './run-fake.ts';
import { ROOT, ToyFleet } from './toy-fleet.ts';
import { served } from './toy-tasks.ts';

export interface ToyRoll extends FakeRunOptions {
  readonly batch?: PlayOptions<void>['batch'];
  /** The program waits at its end until its host is in service on the balancer. */
  readonly gated?: boolean;
  /** The program of each node, in place of its own; gets the gate that waits until the node is in service. */
  readonly tasks?: (uses: Task) => readonly Task[];
}

/** Serving nodes with `old`, behind a toy balancer. */
export class Cluster {
  readonly fleet: ToyFleet;
  readonly nodes: readonly FakeHost[];
  /** Most nodes drained by the run at any write on the balancer. */
  mostOut = 0;

  constructor(count: number) {
    const names = Array.from({ length: count }, (_, i) => `gw-${i + 1}`);
    this.fleet = new ToyFleet(names);
    this.nodes = names.map((name) => {
      const host = new FakeHost({ name });
      host.files.set('/', { type: 'directory', content: Buffer.alloc(0), ...ROOT });
      host.files.set('/app', { type: 'file', content: Buffer.from('old'), ...ROOT });
      return host;
    });
    this.fleet.lb.onWrite = () => {
      this.mostOut = Math.max(this.mostOut, names.filter((name) => this.fleet.nodeState(name) !== 'in').length);
    };
  }

  roll(rolling: RollingOptions = {}, { batch = '100%', gated = false, tasks, ...options }: ToyRoll = {}) {
    const { fleet } = this;
    return runPlays(
      [...this.nodes, fleet.lb],
      function* () {
        yield* play({
          name: 'roll',
          hosts: 'nodes',
          rolling,
          batch,
          *tasks({ name }) {
            if (tasks !== undefined) return yield* tasks(fleet.uses(name));
            yield served({ path: '/app', content: 'new' });
            if (gated) yield fleet.uses(name);
          },
        });
      },
      {
        fleet,
        select: () => this.nodes.map(({ name }) => ({ name, address: '', groups: [], vars: {} })),
        ...options,
      },
    );
  }

  content(name: string): string | undefined {
    return this.nodes
      .find((host) => host.name === name)
      ?.files.read('/app', 100)
      ?.toString();
  }
}

/** The result of each node of a rolling change. */
export const ends = (events: readonly RunEvent[]) =>
  Object.fromEntries(
    events.flatMap((event) =>
      event.type === 'roll.end' ? Object.entries(event.nodes).map(([name, { state }]) => [name, state]) : [],
    ),
  );
