import { advance, startRoll } from '../../rolling/machine.ts';
import { withSeen } from '../../rolling/state.ts';
import { type DisruptionGate, type PlanFindings, UNGATED } from '../apply/disruption-gate.ts';
import type { HostResult } from '../apply/host-result.ts';
import { emitPlan } from './begin-roll.ts';
import { budgetScopeOf, optionsOf } from './budget-scope.ts';
import { observeNodes } from './observe-nodes.ts';
import type { RollContext } from './roll-context.ts';
import { RollSoak } from './soak/soak.ts';
import { RollSteps } from './steps.ts';

/** Check mode: drains nothing, but reports which nodes would be drained, in which order and within which limits. */
export class RollPreview implements DisruptionGate {
  readonly #context: RollContext;
  readonly #hosts: readonly string[];
  readonly #found = new Map<string, PlanFindings>();
  readonly #ended = new Map<string, PromiseWithResolvers<boolean>>();
  readonly waitForDrain = UNGATED.waitForDrain;
  readonly aboutToStop = UNGATED.aboutToStop;
  readonly restore = UNGATED.restore;

  constructor(context: RollContext, hosts: readonly string[]) {
    this.#context = context;
    this.#hosts = hosts;
    for (const host of hosts) this.#ended.set(host, Promise.withResolvers<boolean>());
  }

  /** In check mode no program waits: a host has passed when its program has ended. */
  passed(host: string): Promise<boolean> {
    return this.#ended.get(host)?.promise ?? Promise.resolve(true);
  }

  async finish(host: string, { status }: Pick<HostResult, 'status'>): Promise<undefined> {
    this.#ended.get(host)?.resolve(status === 'ok');
  }

  leaveOut(): void {}

  failure(): undefined {}

  planned(host: string, found: PlanFindings): void {
    this.#found.set(host, found);
  }

  /** @throws OrchError TIMEOUTS_INCONSISTENT, or the error of a balancer that cannot be asked */
  async report(): Promise<void> {
    const { fleet } = this.#context;
    if (fleet === undefined || ![...this.#found.values()].some(({ disrupts }) => disrupts)) return;
    const budgetScope = budgetScopeOf(this.#context, this.#hosts, new Set());
    let state = startRoll(optionsOf(this.#context), budgetScope);
    for (const [node, { unhealthy, disrupts }] of this.#found) {
      state = advance(state, { type: 'planned', node, unhealthy }).state;
      state = advance(state, disrupts ? { type: 'needsDrain', node } : { type: 'ended', node, ok: true }).state;
    }
    const steps = new RollSteps(this.#context, new RollSoak(this.#context, () => []), {
      detailsOf: () => ({}),
      repeatable: async () => ({ fits: true, whyKept: undefined }),
    });
    const seen = await observeNodes(this.#context, steps, {
      nodes: budgetScope.map(({ id }) => id),
      unhealthy: (node) => this.#found.get(node)?.unhealthy === true,
      serves: (node) => this.#found.get(node)?.serves !== false,
      decides: false,
    });
    await emitPlan(this.#context, steps, withSeen(state, seen));
  }
}
