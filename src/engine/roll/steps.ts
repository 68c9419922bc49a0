import { isUnreachable, OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { RunEvent } from '../../core/event/event.ts';
import { Play } from '../../core/play/play.ts';
import type { Diagnostics, RollingOptions, Traffic } from '../../core/play/rolling.ts';
import { Ask, type Steps } from '../../core/task/task.ts';
import { numberOf } from '../../rolling/pipeline.ts';
import type { Result, Step } from '../../rolling/types.ts';
import { applyHost } from '../apply/apply-host.ts';
import { UNGATED } from '../apply/disruption-gate.ts';
import type { HostRun } from '../apply/host-run.ts';
import { keyOf } from '../plan/read-ahead.ts';
import { errorOf } from './error-of.ts';
import type { RollContext } from './roll-context.ts';
import { DEFAULT_SOAK, type RollSoak } from './soak.ts';
import type { RunStepOptions, StepRunner } from './step-runner.ts';

/** Steps that only look. They are told by their outcome; their tasks are told when one of them fails. */
const LOOKS: ReadonlySet<Step> = new Set(['checkDependencies', 'recheck', 'collectDiagnostics', 'soak']);

/** Steps that only wait, before anything of the node was changed: the first Ctrl-C ends them, and the node is given back at once. */
const ENDED_BY_INTERRUPT: ReadonlySet<Step> = new Set(['checkDependencies', 'waitIdle']);
/** A node is given back in a moment, and stays drained where that is broken off: not even the second Ctrl-C ends it. */
const NEVER = new AbortController().signal;

/** How often a drain that was lost right before the stop (a reload, somebody's hand) is made once more. */
const DRAINS = 3;

/** What a step is carried out with. */
export interface StepPlace {
  /** All steps of the node: what the step is numbered by. */
  readonly route?: readonly Step[];
  /** Nodes that a recheck looks at. */
  readonly nodes?: readonly string[];
}

/** Carries out the machine's steps: each is a program of tasks that the node's `Traffic` gives, run like any play's. */
export class RollSteps implements StepRunner {
  readonly #context: RollContext;
  readonly #soak: RollSoak;
  readonly #fitsBudget: (node: string) => Promise<boolean>;
  /** By node: statements of gates that its own program has waited for since it was changed. */
  readonly #met = new Map<string, ReadonlySet<string>>();

  /** `bears`: whether the budget bears, by a look taken now, that a node whose drain was lost is drained once more. */
  constructor(context: RollContext, soak: RollSoak, fitsBudget: (node: string) => Promise<boolean>) {
    this.#context = context;
    this.#soak = soak;
    this.#fitsBudget = fitsBudget;
  }

  /** One step of one node, to its end. Whatever goes wrong is a result. */
  async carryOut(node: string, step: Step, { route = [], nodes = [] }: StepPlace = {}): Promise<Result> {
    const end = this.begin(node, step, route);
    try {
      await this.#carryOut(node, step, nodes);
      end({ kind: 'ok' });
      return { kind: 'ok' };
    } catch (error) {
      const result = resultOf(error, node);
      end(result);
      return result;
    }
  }

  /** Reports that a step begins. Returns what reports its end. */
  begin(node: string, step: Step, route: readonly Step[]): (result: Result) => void {
    const { clock, emit, play } = this.#context;
    const place = { type: 'roll.step', play: play.options.name, host: node, step, ...numberOf(route, step) } as const;
    const begun = clock.now();
    const note = step === 'soak' ? { note: play.options.rolling?.soak ?? DEFAULT_SOAK } : {};
    emit({ ...place, status: 'begun', ...note, durationMs: 0 });
    return (result) => {
      const durationMs = clock.now() - begun;
      if (result.kind === 'ok') return emit({ ...place, status: 'ok', durationMs });
      const status = result.kind === 'hold' ? 'held' : 'failed';
      emit({ ...place, status, note: result.fault.message, durationMs });
    };
  }

  /** Gates of a node that need not be waited for once more before it is restored. */
  keepMet(node: string, met: ReadonlySet<string>): void {
    this.#met.set(node, met);
  }

  /** Runs one program for a node. `quiet`: its tasks are not told. @throws OrchError */
  async run<R>(
    node: string,
    program: () => Steps<R>,
    { quiet = false, signal = this.#context.urgent }: RunStepOptions = {},
  ): Promise<R> {
    const { context, emit } = this.#quieted(quiet);
    const run: HostRun = {
      ...context,
      // What a node's balancers are told must not be broken off by the first Ctrl-C.
      signal,
      emit,
      play: new Play({ name: context.play.options.name, hosts: node, tasks: program }),
      host: context.hostNamed(node),
      turns: UNGATED,
      check: false,
      unsettled: true,
    };
    const result = await applyHost(run);
    if (result.error !== undefined) throw result.error;
    if (result.status !== 'ok') throw new OrchError('INTERRUPTED', `interrupted on ${node}`, { host: node });
    return result.value as R;
  }

  /** The last look before something that serves is stopped. A drain that was lost meanwhile is made once more. */
  async aboutToStop(node: string): Promise<void> {
    const traffic = this.#context.fleet?.traffic(node);
    if (traffic === undefined) return;
    for (let left = DRAINS; ; left--) {
      await this.run(node, () => traffic.checkDependencies(this.#context.play.options.rolling), { quiet: true });
      try {
        return await this.run(node, () => traffic.stillDrained(), { quiet: true });
      } catch (error) {
        if (!(error instanceof OrchError) || error.code !== 'DRAIN_LOST' || left <= 1) throw error;
        if (!(await this.#fitsBudget(node)))
          throw new OrchError(
            'DRAIN_LOST',
            `${error.message}; meanwhile too many others are out to drain it once more`,
            {
              host: node,
              hint: 'no container was stopped; repair the others first, then run the same command to resume',
            },
          );
        this.#context.emit({ type: 'warning', host: node, message: `${error.message}: it is drained once more` });
        await this.run(node, () => traffic.drain());
        await this.run(node, () => traffic.waitIdle());
      }
    }
  }

  async #carryOut(node: string, step: Step, nodes: readonly string[]): Promise<void> {
    const traffic = this.#context.fleet?.traffic(node);
    if (step === 'soak') return await this.#soak.watch(node, this);
    if (step === 'recheck') return await this.#recheck(nodes);
    if (traffic === undefined) return;
    if (step === 'restore' || step === 'undoDrain') return await this.#restore(node, traffic);
    const made = programOf(traffic, step, this.#context.play.options.rolling);
    const program = step === 'waitReady' ? () => withoutMet(made(), this.#met.get(node)) : made;
    const { signal, urgent } = this.#context;
    const stop = ENDED_BY_INTERRUPT.has(step) ? AbortSignal.any([signal, urgent]) : urgent;
    const value = await this.run(node, program, { quiet: LOOKS.has(step), signal: stop });
    if (step === 'collectDiagnostics')
      for (const evidence of value as readonly Diagnostics[])
        this.#context.emit({ type: 'roll.evidence', host: node, evidence });
  }

  /** Each balancer for itself: one that is gone must not keep the node out of traffic on those that are left. */
  async #restore(node: string, traffic: Traffic): Promise<void> {
    const done = await Promise.allSettled(
      [...traffic.restore()].map((task) =>
        this.run(
          node,
          function* (): Steps {
            yield task;
          },
          { signal: NEVER },
        ),
      ),
    );
    const failed = done.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** All at once; the first that is not well any more is the fault, before what could not be told. */
  async #recheck(nodes: readonly string[]): Promise<void> {
    const looks = await Promise.allSettled(
      nodes.map(async (node) => {
        const traffic = this.#context.fleet?.traffic(node);
        if (traffic === undefined) return;
        await this.run(node, () => traffic.stillHealthy(), { quiet: true }).catch((error: unknown) => {
          // Asked of a balancer, or of the node: it is the node that is not well, unless nobody could tell.
          throw isSilence(error, node) ? error : errorOf({ ...errorInfoOf(error), host: node });
        });
      }),
    );
    const faults = looks.flatMap((look, i) =>
      look.status === 'rejected' ? [{ error: look.reason, silence: isSilence(look.reason, nodes[i] ?? '') }] : [],
    );
    const worst = faults.find(({ silence }) => !silence) ?? faults[0];
    if (worst !== undefined) throw worst.error;
  }

  #quieted(quiet: boolean): { readonly context: RollContext; emit(event: RunEvent): void } {
    const { emit } = this.#context;
    const isLoud = (event: RunEvent): boolean =>
      event.type !== 'host.plan' && (!quiet || event.type === 'warning' || event.type === 'host.unreachable');
    return { context: this.#context, emit: (event) => (isLoud(event) ? emit(event) : undefined) };
  }
}

/** The same program without the statements that are met already: each is stated once. */
function* withoutMet<R>(steps: Steps<R>, met: ReadonlySet<string> = new Set()): Steps<R> {
  for (let answer: unknown; ; ) {
    const step = steps.next(answer);
    if (step.done) return step.value;
    const { value } = step;
    const isMet = !(value instanceof Ask) && value.blocked === undefined && met.has(keyOf(value));
    answer = isMet ? undefined : yield value;
  }
}

function programOf(
  traffic: Traffic,
  step: Exclude<Step, 'soak' | 'recheck' | 'restore' | 'undoDrain'>,
  options: RollingOptions | undefined,
): () => Steps<unknown> {
  switch (step) {
    case 'checkDependencies':
      return () => traffic.checkDependencies(options);
    case 'drain':
    case 'drainAgain':
      return () => traffic.drain();
    case 'waitIdle':
      return () => traffic.waitIdle();
    case 'waitReady':
      return () => traffic.waitReady();
    case 'waitInService':
      return () => traffic.waitInService();
    case 'collectDiagnostics':
      return () => traffic.collectDiagnostics();
    case 'apply':
      throw new OrchError('INTERNAL', 'a node is changed by its own program, not by a step');
    default:
      return step satisfies never;
  }
}

/** A host that is gone is not one that failed; and a balancer that is gone says nothing about the node behind it. */
export function resultOf(error: unknown, node: string): Result {
  const fault = errorInfoOf(error, { host: node });
  if (isUnreachable(error) && fault.host === node) return { kind: 'lost', fault };
  if (error instanceof OrchError && error.operatorDecides) return { kind: 'hold', fault };
  return { kind: 'failed', fault, ...(isSilence(error, node) ? { notNodesFault: true } : {}) };
}

/** Somebody else than the node does not answer: nothing is known against it. */
const isSilence = (error: unknown, node: string): boolean =>
  (isUnreachable(error) || (error instanceof OrchError && error.code === 'LB_UNREACHABLE')) &&
  errorInfoOf(error, { host: node }).host !== node;
