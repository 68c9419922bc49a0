import { advance, startRoll } from '../rolling/machine.ts';
import type { HostResult } from './host-result.ts';
import { tellPlan } from './roll-begin.ts';
import type { RollContext } from './roll-context.ts';
import { optionsOf, roleOf } from './roll-role.ts';
import { RollSoak } from './roll-soak.ts';
import { RollSteps } from './roll-steps.ts';
import { FREE_TURNS, type Turns } from './turns.ts';

/** Check mode: nobody takes a turn, but who would, in which order and within which limits is told. */
export class RollPreview implements Turns {
  readonly #context: RollContext;
  readonly #hosts: readonly string[];
  readonly #found = new Map<string, { readonly troubled: boolean; readonly disrupts: boolean }>();
  readonly #ended = new Map<string, PromiseWithResolvers<boolean>>();
  readonly take = FREE_TURNS.take;
  readonly aboutToStop = FREE_TURNS.aboutToStop;
  readonly giveBack = FREE_TURNS.giveBack;

  constructor(context: RollContext, hosts: readonly string[]) {
    this.#context = context;
    this.#hosts = hosts;
    for (const host of hosts) this.#ended.set(host, Promise.withResolvers<boolean>());
  }

  /** Nobody waits in check mode: it is through when it has ended. */
  passed(host: string): Promise<boolean> {
    return this.#ended.get(host)?.promise ?? Promise.resolve(true);
  }

  async end(host: string, { status }: Pick<HostResult, 'status'>): Promise<undefined> {
    this.#ended.get(host)?.resolve(status === 'ok');
  }

  leaveOut(): void {}

  failure(): undefined {}

  looked(host: string, found: { readonly troubled: boolean; readonly disrupts: boolean }): void {
    this.#found.set(host, found);
  }

  /** @throws OrchError DEADLINES, or a balancer's own when one cannot be asked */
  async report(): Promise<void> {
    const { fleet } = this.#context;
    if (fleet === undefined || ![...this.#found.values()].some(({ disrupts }) => disrupts)) return;
    const role = roleOf(this.#context, this.#hosts, new Set());
    let state = startRoll(optionsOf(this.#context), role);
    for (const [node, { troubled, disrupts }] of this.#found) {
      state = advance(state, { type: 'looked', node, troubled }).state;
      state = advance(state, disrupts ? { type: 'wants', node } : { type: 'ended', node, ok: true }).state;
    }
    const steps = new RollSteps(this.#context, new RollSoak(this.#context, () => []), async () => true);
    await tellPlan(this.#context, steps, state, role.length);
  }
}
