import { z } from 'zod';
import { type AnyErrorCode, OrchError } from '../../../src/core/base/errors.ts';
import type { Fleet, NodeView, PoolMembers, Traffic } from '../../../src/core/play/rolling.ts';
import { defineGate } from '../../../src/core/task/define-gate.ts';
import { defineQuery } from '../../../src/core/task/define-query.ts';
import type { Steps, Task } from '../../../src/core/task/task.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { note } from './toy-tasks.ts';

/** Owners and modes of the files of toys. */
export const ROOT = { mode: '0644', owner: 'root', group: 'root' } as const;

/** The toy balancer's record of a node. `drained`: by the tool; `external`: drained externally. */
export type NodeState = 'in' | 'down' | 'drained' | 'external';

/** A file of the balancer's host, as it is. */
const look = defineQuery({
  kind: 'look',
  params: z.object({ path: z.string() }),
  title: (p) => `look ${p.path}`,
  look: async (p, host) => (await host.read(p.path))?.toString() ?? '',
});

/** Waits until that file has this content. */
const says = defineGate({
  kind: 'says',
  params: z.object({ path: z.string(), text: z.string(), code: z.custom<AnyErrorCode>() }),
  title: (p) => `says ${p.path} ${p.text}`,
  look: async (p, host) => (await host.read(p.path))?.toString() ?? '',
  met: (p, text) => text === p.text,
  patience: () => ({ withinMs: 5000, everyMs: 1000, passes: 1 }),
  unmet: (p) => new OrchError(p.code, `${p.path} does not contain ${p.text}`),
});

/** A gate for a node's own program: the node is in service on the balancer. */
const uses = defineGate({
  kind: 'uses',
  params: z.object({ path: z.string() }),
  title: (p) => `uses ${p.path} in`,
  inTraffic: true,
  look: async (p, host) => (await host.read(p.path))?.toString() ?? '',
  met: (_p, text) => text === 'in',
  patience: () => ({ withinMs: 5000, everyMs: 1000, passes: 1 }),
  unmet: (p) => new OrchError('X_NOT_USED', `${p.path} is not in`),
});

/** A program with a fixed result. */
export function* answer<R>(value: R): Steps<R> {
  yield* [];
  return value;
}

/**
 * A balancer whose whole state is files on a fake host, one for each node: enough to run the real engine and the real machine
 * with it. Sessions are a second file.
 */
export class ToyFleet implements Fleet {
  readonly lb = new FakeHost({ name: 'lb' });
  readonly members: readonly string[];
  /** Nodes whose soak an earlier run did not pass. */
  readonly soaking = new Set<string>();
  /** Called with each program as it is made: `drain gw-1`. */
  readonly asked: string[] = [];
  /** Instead of a program's own end: throw here to make a step fail. */
  onStep: (step: string, node: string) => void = () => undefined;

  constructor(members: readonly string[]) {
    this.members = members;
    for (const path of ['/state', '/sessions'])
      this.lb.files.set(path, { type: 'directory', content: Buffer.alloc(0), ...ROOT });
    for (const node of members) {
      this.set(node, 'in');
      this.lb.files.set(`/sessions/${node}`, { type: 'file', content: Buffer.from('0'), ...ROOT });
    }
  }

  set(node: string, nodeState: NodeState): void {
    this.lb.files.set(`/state/${node}`, { type: 'file', content: Buffer.from(nodeState), ...ROOT });
  }

  nodeState(node: string): NodeState {
    return this.lb.files.read(`/state/${node}`, 100)?.toString() as NodeState;
  }

  uses(node: string): Task {
    return uses({ path: `/state/${node}` }).delegate('lb') as unknown as Task;
  }

  poolsOf(nodes: readonly string[]): readonly PoolMembers[] {
    return nodes.some((node) => this.members.includes(node)) ? [{ name: 'toys', members: this.members }] : [];
  }

  poolsEmptiedBy(
    nodes: readonly string[],
    atOnce: (pool: string) => number,
    inTraffic: (node: string) => boolean,
  ): readonly string[] {
    const serving = this.members.filter(inTraffic);
    return serving.length > 0 && serving.length <= atOnce('toys') && serving.every((node) => nodes.includes(node))
      ? ['toys']
      : [];
  }

  traffic(node: string): Traffic | undefined {
    if (!this.members.includes(node)) return undefined;
    const fleet = this;
    const path = `/state/${node}`;
    const step = (name: string, tasks: () => readonly Task[] = () => []) => {
      const self = this;
      return function* (): Steps {
        self.asked.push(`${name} ${node}`);
        self.onStep(name, node);
        for (const task of tasks()) yield task.delegate('lb');
      };
    };
    const write = (nodeState: NodeState) => [note({ path, content: nodeState }) as unknown as Task];
    return {
      *observe(): Steps<NodeView> {
        const text = yield* look({ path }).delegate('lb');
        return {
          inTraffic: text === 'in',
          held: text === 'external',
          drainedByRun: text === 'drained',
          up: text === 'in',
          shown: String(text),
          soaking: fleet.soaking.has(node),
        };
      },
      checkDependencies: step('checkDependencies'),
      beforeFirstDrain: () => answer(undefined),
      drain: step('drain', () => write('drained')),
      waitIdle: step('waitIdle', () => [
        says({ path: `/sessions/${node}`, text: '0', code: 'DRAIN_TIMEOUT' }) as unknown as Task,
      ]),
      stillDrained: step('stillDrained', () => [
        says({ path, text: 'drained', code: 'DRAIN_LOST' }) as unknown as Task,
      ]),
      keepsDrained: step('keepsDrained', () => [
        says({ path, text: 'drained', code: 'DRAIN_LOST' }) as unknown as Task,
      ]),
      waitReady: step('waitReady'),
      anotherRun: () => answer(''),
      restore: (options) => {
        if (options?.soak === 'passed') this.soaking.delete(node);
        return step('restore', () => (this.nodeState(node) === 'drained' ? write('in') : []))();
      },
      partlyRestored: () => answer([]),
      waitInService: step('waitInService', () => [
        says({ path, text: 'in', code: 'LB_MEMBER_NOT_UP' }) as unknown as Task,
      ]),
      stillHealthy: step('stillHealthy'),
      counters: () => answer({}),
      collectDiagnostics: () => answer([]),
      canGoBack: false,
      keepPrevious: () => answer(undefined),
      hasWayBack: () => answer(undefined),
      goBack: () => answer(undefined),
      deadlines: () => answer({ links: [{ name: 'toy', ms: 1000, source: 'assumed' }], faults: [] }),
    };
  }
}
