import { defined } from '../../core/base/data.ts';
import { isUnreachable, OrchError } from '../../core/base/errors.ts';
import type { RunEvent } from '../../core/event/event.ts';
import { Play } from '../../core/play/play.ts';
import type { Diagnostics, Traffic } from '../../core/play/rolling.ts';
import type { Steps } from '../../core/task/task.ts';
import type { Result, Step } from '../../rolling/types.ts';
import { applyHost } from '../apply/apply-host.ts';
import { UNGATED } from '../apply/disruption-gate.ts';
import type { HostRun } from '../apply/host-run.ts';
import { drainAgain } from './drain-again.ts';
import { recheck } from './recheck.ts';
import { recoverNode } from './recover-node.ts';
import { type RestoreOptions, restoreNode } from './restore-node.ts';
import type { RollContext } from './roll-context.ts';
import { CanaryTraffic } from './soak/canary-traffic.ts';
import type { RollSoak } from './soak/soak.ts';
import type { NodeFacts, StepDetails } from './step-details.ts';
import { programOf, type TrafficStep, withoutMet } from './step-programs.ts';
import { StepReports } from './step-reports.ts';
import { resultOf } from './step-result.ts';
import type { RunStepOptions, StepRunner } from './step-runner.ts';
import { type DrainedNode, untilIdle, untilInterrupt, whileDrained } from './while-drained.ts';

/** Steps that only read. Their result is reported; their tasks only when one of them fails. */
const LOOKS: ReadonlySet<Step> = new Set(['checkDependencies', 'recheck', 'collectDiagnostics', 'soak']);

/** Steps after the change, which fail if another run works on the same node. */
const AFTER_APPLY: ReadonlySet<Step> = new Set(['waitReady', 'waitInService', 'soak']);

/** Runs the machine's steps: each is a program of tasks from the node's `Traffic`, run like a play's. */
export class RollSteps implements StepRunner {
  readonly #context: RollContext;
  readonly #soak: RollSoak;
  readonly #facts: NodeFacts;
  readonly canaries: CanaryTraffic;
  readonly #reports: StepReports;

  constructor(context: RollContext, soak: RollSoak, facts: NodeFacts) {
    this.#context = context;
    this.#soak = soak;
    this.#facts = facts;
    this.canaries = new CanaryTraffic(context, soak, this);
    this.#reports = new StepReports(context);
  }

  /** Runs one step of one node to its end. Errors become a result. `nodes`: those of a recheck. */
  async carryOut(node: string, step: Step, nodes: readonly string[] = []): Promise<Result> {
    const details = this.#facts.detailsOf(node);
    const end = this.begin(node, step, details.route ?? []);
    try {
      if (step === 'recheck') await recheck(this.#context, this, nodes);
      const heldBy = await this.#carryOut(node, step, details);
      const result = { kind: 'ok', ...defined({ heldBy }) } as const;
      end(result);
      return result;
    } catch (error) {
      const result = resultOf(AFTER_APPLY.has(step) ? await this.explained(node, error) : error, node);
      if (AFTER_APPLY.has(step))
        await this.canaries.failed(node, result, (traffic) => this.#restore(node, traffic, { soak: 'due' }));
      end(result);
      return result;
    }
  }

  /** Reports that a step begins. Returns the function that reports its end. */
  begin(node: string, step: Step, route: readonly Step[]): (result: Result) => void {
    return this.#reports.begin(node, step, route);
  }

  /** Runs one program for a node. `quiet`: its tasks are not reported. @throws OrchError */
  async run<R>(
    node: string,
    program: () => Steps<R>,
    { quiet = false, clock = this.#context.clock, signal = this.#context.urgent, gate = UNGATED }: RunStepOptions = {},
  ): Promise<R> {
    const { context, emit } = this.#quieted(quiet);
    const run: HostRun = {
      ...context,
      // The first Ctrl-C must not interrupt commands to the node's balancers.
      signal,
      clock,
      emit,
      play: new Play({ name: context.play.options.name, hosts: node, tasks: program }),
      host: context.hostNamed(node),
      gate,
      check: false,
      unsettled: true,
    };
    const result = await applyHost(run);
    if (result.error !== undefined) throw result.error;
    if (result.status !== 'ok') throw new OrchError('INTERRUPTED', `interrupted on ${node}`, { host: node });
    return result.value as R;
  }

  /** Last check before a service is stopped. Repeats a drain that was lost meanwhile. */
  async aboutToStop(node: string): Promise<void> {
    const traffic = this.#context.fleet?.traffic(node);
    if (traffic === undefined) return;
    const drained = this.#drainedNode(node, traffic);
    await whileDrained(drained, async (isAgain) => {
      // The change is under way: only the second Ctrl-C ends it.
      if (isAgain) await untilIdle(drained, this.#context.urgent);
      await this.run(node, () => traffic.checkDependencies(this.#context.play.options.rolling), { quiet: true });
      await this.run(node, () => traffic.stillDrained(), { quiet: true });
    });
  }

  /** Explains an error: if another run has taken over the node, its work caused it. */
  async explained(node: string, error: unknown): Promise<unknown> {
    const traffic = this.#context.fleet?.traffic(node);
    const isTold = error instanceof OrchError && (error.code === 'NODE_TAKEN' || error.code === 'NODE_HELD');
    if (traffic === undefined || isTold || isUnreachable(error)) return error;
    const other = await this.run(node, () => traffic.anotherRun(), { quiet: true }).catch(() => '');
    if (other === '') return error;
    const message = error instanceof Error ? error.message : String(error);
    return new OrchError('NODE_TAKEN', `another run works on ${node}: ${other}; this run found: ${message}`, {
      host: node,
      hint: 'wait until that run has ended, then run the same command again',
      ...(error instanceof OrchError ? { details: error.details } : {}),
      cause: error,
    });
  }

  #evenHeld = (node: string): boolean => this.#facts.detailsOf(node).evenHeld === true;

  #drainedNode(node: string, traffic: Traffic): DrainedNode {
    return {
      node,
      traffic,
      context: this.#context,
      steps: this,
      evenHeld: this.#evenHeld(node),
      fitsBudget: async () => (await this.#facts.repeatable(node)).fits,
    };
  }

  /** Records that the node's soak is passed: the next run must not soak it again. */
  async soaked(node: string): Promise<void> {
    const traffic = this.#context.fleet?.traffic(node);
    if (traffic === undefined) return;
    try {
      await this.#restore(node, traffic, { quiet: true, soak: 'passed' });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `the next run soaks it again, as it could not be recorded that its soak is passed: ${why}`;
      this.#context.emit({ type: 'warning', host: node, message });
    }
  }

  /** @returns who keeps the node drained, after a restore */
  async #carryOut(node: string, step: Step, details: StepDetails): Promise<string | undefined> {
    const traffic = this.#context.fleet?.traffic(node);
    const soak = this.#soakAfter(details);
    if (step === 'soak') {
      await this.canaries.prove(node, (traffic) => this.#restore(node, traffic, defined({ soak })));
      await this.#soak.watch(node, this);
      await this.soaked(node);
      return undefined;
    }
    if (step === 'recheck' || traffic === undefined) return undefined;
    if (step !== 'restore') return await this.#carryOutTraffic(node, step, traffic, details);
    const restore = (percent?: number) => this.#restore(node, traffic, defined({ soak, percent }));
    return await (details.inPart ? this.canaries.restore(node, traffic, restore) : this.canaries.end(node, restore));
  }

  /** What becomes of the mark. A version from before the change was in service: it needs no soak. */
  #soakAfter({ goesBack, route }: StepDetails): 'due' | 'passed' | undefined {
    if (goesBack) return 'passed';
    return this.#soak.isWanted && route?.includes('soak') ? 'due' : undefined;
  }

  async #carryOutTraffic(
    node: string,
    step: TrafficStep,
    traffic: Traffic,
    { keeps, goesBack, met }: StepDetails,
  ): Promise<string | undefined> {
    if (step === 'undoDrain') return await this.#restore(node, traffic);
    if (step === 'waitIdle') {
      const drained = this.#drainedNode(node, traffic);
      await whileDrained(drained, () => untilIdle(drained, untilInterrupt(this.#context)));
      return undefined;
    }
    if (step === 'recover') {
      const gate = { ...UNGATED, aboutToStop: () => this.aboutToStop(node) };
      await recoverNode(this.#drainedNode(node, traffic), gate);
      return undefined;
    }
    if (step === 'drain' && keeps !== undefined)
      await this.run(node, () => traffic.keepPrevious(keeps), { quiet: true, signal: untilInterrupt(this.#context) });
    if (step === 'drainAgain') {
      const { whyKept } = await this.#facts.repeatable(node);
      // A canary keeps its part, and the lease with its weight.
      const kept = defined({ percent: this.canaries.partOf(node), soak: this.#soakAfter({ route: ['soak'] }) });
      const withdraw = () => this.#restore(node, traffic, { quiet: true, ...kept });
      return void (await this.canaries.end(node, () => drainAgain({ node, traffic, steps: this, whyKept, withdraw })));
    }
    const evenHeld = this.#evenHeld(node);
    const made = programOf(traffic, step, { rolling: this.#context.play.options.rolling, evenHeld });
    // Gates that the changed version has passed do not count for the previous version.
    const program = step === 'waitReady' && !goesBack ? () => withoutMet(made(), met) : made;
    if (step === 'waitInService') {
      await this.#soak.during(node, this, (signal) => this.run(node, program, { signal }));
      return undefined;
    }
    // Nothing of the node is changed yet: the first Ctrl-C ends the step.
    const signal = step === 'checkDependencies' ? untilInterrupt(this.#context) : this.#context.urgent;
    const value = await this.run(node, program, { quiet: LOOKS.has(step), signal });
    if (step === 'collectDiagnostics')
      for (const evidence of value as readonly Diagnostics[])
        this.#context.emit({ type: 'roll.evidence', host: node, evidence });
    return undefined;
  }

  /** @returns who keeps the node drained */
  #restore(node: string, traffic: Traffic, options: RestoreOptions = {}): Promise<string | undefined> {
    return restoreNode({ node, traffic, context: this.#context, steps: this, evenHeld: this.#evenHeld(node) }, options);
  }

  #quieted(quiet: boolean): { readonly context: RollContext; emit(event: RunEvent): void } {
    const { emit } = this.#context;
    const isLoud = (event: RunEvent): boolean =>
      event.type !== 'host.plan' && (!quiet || event.type === 'warning' || event.type === 'host.unreachable');
    return { context: this.#context, emit: (event) => (isLoud(event) ? emit(event) : undefined) };
  }
}
