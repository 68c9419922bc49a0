import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import { repeatable } from '../../rolling/budget.ts';
import { advance, startRoll } from '../../rolling/machine.ts';
import { endOf, isDone, shortfallOf } from '../../rolling/report.ts';
import { isUnfinished, nodeOf, type State } from '../../rolling/state.ts';
import type { Command, Event, Result, Step } from '../../rolling/types.ts';
import { type DisruptionGate, DisruptionRefused, type PlanFindings } from '../apply/disruption-gate.ts';
import { type HostEnd, wentWrong } from '../apply/host-result.ts';
import { askOperator } from './ask-operator.ts';
import { beginRoll, hasSteps } from './begin-roll.ts';
import { budgetScopeOf, optionsOf } from './budget-scope.ts';
import { errorOf } from './error-of.ts';
import { HostProgress } from './host-progress.ts';
import { observeNodes } from './observe-nodes.ts';
import type { RollContext } from './roll-context.ts';
import { emitOutcomes } from './rolled-nodes.ts';
import { RollSoak } from './soak/soak.ts';
import { stepDetailsOf } from './step-details.ts';
import { resultOf } from './step-result.ts';
import { RollSteps } from './steps.ts';

/**
 * Connects the programs of a play's hosts with the pure machine of the rolling change: turns the programs' calls into
 * events, and runs the machine's commands. It decides nothing itself.
 */
export class Roll implements DisruptionGate {
  readonly #context: RollContext;
  readonly #steps: RollSteps;
  readonly #inRun: readonly string[];
  readonly #budgetScope: readonly string[];
  /** For every host of the play. */
  readonly #hosts: ReadonlyMap<string, HostProgress>;
  /** A step was ordered or refused, so the end must be reported. */
  #acted = false;
  readonly #known = new Set<string>();
  #begun: Promise<void> | undefined;
  #state: State;

  /** `lost`: unreachable hosts; those that belong to the play are skipped. */
  constructor(context: RollContext, hosts: readonly string[], lost: ReadonlySet<string>) {
    this.#context = context;
    this.#inRun = hosts;
    const nodes = budgetScopeOf(context, hosts, lost);
    this.#budgetScope = nodes.map(({ id }) => id);
    const soak = new RollSoak(context, () => this.#peers());
    this.#steps = new RollSteps(context, soak, {
      detailsOf: (node) => ({ ...stepDetailsOf(this.#state, node), ...defined({ met: this.#hosts.get(node)?.met }) }),
      repeatable: async (node) => repeatable(this.#state, await this.#look(), node),
    });
    this.#hosts = new Map(hosts.map((id) => [id, new HostProgress()]));
    this.#state = startRoll(optionsOf(context), nodes);
    context.signal.addEventListener('abort', () => this.#send({ type: 'interrupted' }), { once: true });
    context.onNetwork?.((up) => this.#send({ type: 'network', up }));
  }

  planned(host: string, { unhealthy, serves }: PlanFindings): void {
    this.#progressOf(host).serves = serves;
    this.#send({ type: 'planned', node: host, unhealthy });
  }

  async waitForDrain(host: string): Promise<void> {
    const progress = this.#progressOf(host);
    if (progress.isTaken)
      throw new OrchError('ALREADY_RESTORED', `${host} is already restored on its balancers`, {
        host,
        hint: 'in the playbook, move tasks that change the node before the gate that needs it in service',
      });
    progress.isTaken = true;
    this.#context.slots.free(host);
    const drained = progress.wait();
    progress.passed.resolve(true);
    this.#send({ type: 'needsDrain', node: host });
    await drained;
  }

  /** Resolves when the host's program waits for its drain, or has ended: whether it has not failed so far. */
  passed(host: string): Promise<boolean> {
    return this.#hosts.get(host)?.passed.promise ?? Promise.resolve(true);
  }

  /** The host's program is not started, because another one failed. */
  leaveOut(host: string): void {
    this.#progressOf(host).isLeftOut = true;
    this.#send({ type: 'ended', node: host, ok: true });
  }

  aboutToStop(host: string): Promise<void> {
    return this.#steps.aboutToStop(host);
  }

  async restore(host: string, met: ReadonlySet<string>): Promise<boolean> {
    const progress = this.#progressOf(host);
    progress.met = met;
    if (progress.isApplying) this.#applied(host, { kind: 'ok' });
    else if (await this.#isLeftUnfinished(host)) this.#changesNothing(host);
    else return false;
    await progress.over.promise;
    const failure = this.failure(host);
    if (failure !== undefined) throw failure;
    const { state, why = '' } = endOf(this.#state, host) ?? {};
    if (state === 'untouched') throw new DisruptionRefused(why);
    return true;
  }

  /** An earlier run left the node drained or not soaked, and this program has changed nothing of it so far. */
  async #isLeftUnfinished(host: string): Promise<boolean> {
    return endOf(this.#state, host) === undefined && isUnfinished({ seen: (await this.#look([host], true))[host] });
  }

  /** The program waits for its restore: from here on it may make no disruptive change. */
  #changesNothing(host: string): void {
    const progress = this.#progressOf(host);
    progress.isTaken = true;
    this.#context.slots.free(host);
    progress.passed.resolve(true);
    this.#send({ type: 'ended', node: host, ok: true });
  }

  async finish(host: string, { status, error, disturbed }: HostEnd): Promise<OrchError | undefined> {
    const progress = this.#progressOf(host);
    progress.passed.resolve(status === 'ok');
    // The host only waits from here on: its slot lets another host get as far.
    this.#context.slots.free(host);
    const cause = progress.isApplying && error !== undefined ? await this.#steps.explained(host, error) : error;
    if (progress.isApplying) {
      const failure = cause ?? new OrchError('INTERRUPTED', `interrupted while ${host} was being changed`, { host });
      this.#applied(host, resultOf(failure, host, { intact: !disturbed }));
    } else if (endOf(this.#state, host) === undefined || (wentWrong({ status }) && isDone(endOf(this.#state, host)))) {
      const fault = error === undefined ? {} : { fault: errorInfoOf(error, { host }) };
      this.#send({ type: 'ended', node: host, ok: status === 'ok', ...fault });
    }
    await progress.over.promise;
    if (status !== 'ok') return cause instanceof OrchError && cause !== error ? cause : undefined;
    const fault = shortfallOf(this.#state, host);
    return this.failure(host) ?? (fault === undefined || this.#known.has(fault.message) ? undefined : errorOf(fault));
  }

  /** Reports the result of every node; nothing if no node had to wait. */
  async report(): Promise<void> {
    if (!this.#acted) return;
    const leftOut = new Set(this.#inRun.filter((host) => this.#hosts.get(host)?.isLeftOut));
    emitOutcomes(this.#context, { state: this.#state, inRun: this.#inRun, leftOut, canaries: this.#steps.canaries });
  }

  /** Why a node failed, also if that was found only after its program ended. */
  failure(host: string): OrchError | undefined {
    const end = endOf(this.#state, host);
    const isFailed = end?.state === 'failed' || end?.state === 'rolledBack';
    return isFailed && end.fault !== undefined ? errorOf(end.fault) : undefined;
  }

  #send(event: Event): void {
    const { state, commands } = advance(this.#state, event);
    this.#state = state;
    for (const command of commands) this.#obey(command);
    for (const [host, { over }] of this.#hosts) if (endOf(state, host) !== undefined) over.resolve();
  }

  #obey(command: Command): void {
    this.#acted ||= command.do !== 'observe' && command.do !== 'finish';
    switch (command.do) {
      case 'observe':
        void this.#observe().then((event) => this.#send(event));
        break;
      case 'step':
        if (command.step === 'apply') this.#grant(command.node);
        else this.#carryOut(command);
        break;
      case 'refuse':
        this.#refuse(command.node, command.why, command.own);
        break;
      case 'hold':
        void askOperator(this.#context, this.#steps, command).then((go) => this.#send({ type: 'answered', go }));
        break;
      case 'finish':
        break;
      default:
        command satisfies never;
    }
  }

  #grant(host: string): void {
    this.#progressOf(host).go(this.#steps.begin(host, 'apply', this.#routeOf(host)));
  }

  /** The node's own program has made its changes, or failed in them. */
  #applied(host: string, result: Result): void {
    this.#progressOf(host).applied(result);
    this.#send({ type: 'stepDone', node: host, step: 'apply', result });
  }

  #progressOf(host: string): HostProgress {
    const progress = this.#hosts.get(host);
    if (progress === undefined) throw new Error(`${host} is no host of this play`);
    return progress;
  }

  #someWait = (): boolean => [...this.#hosts.values()].some(({ isWaiting }) => isWaiting);

  #routeOf = (host: string): readonly Step[] => nodeOf(this.#state, host)?.route ?? [];

  #refuse(host: string, why: string, own: ErrorInfo | undefined): void {
    // The reason that stops the whole rolling change is reported once.
    const isNew = own !== undefined && !this.#known.has(own.message);
    if (isNew) this.#known.add(own.message);
    this.#progressOf(host).stop(new DisruptionRefused(why, isNew ? errorOf(own) : undefined));
  }

  #carryOut({ node, step, nodes }: { readonly node: string; readonly step: Step; readonly nodes?: readonly string[] }) {
    void this.#steps.carryOut(node, step, nodes).then((result) => this.#send({ type: 'stepDone', node, step, result }));
  }

  /** Observes all members of the pools, asking each balancer once. Reports the plan before the first start. */
  async #observe(): Promise<Event> {
    try {
      const seen = await this.#look();
      const beginning = { state: this.#state, seen };
      if (this.#begun === undefined && (this.#someWait() || hasSteps(beginning))) {
        this.#begun = beginRoll(this.#context, this.#steps, beginning);
        await this.#begun;
        // A question may have been open for hours, so the observation is repeated.
        return await this.#observe();
      }
      await this.#begun;
      return { type: 'observed', nodes: seen };
    } catch (error) {
      const fault = errorInfoOf(error);
      if (!this.#someWait())
        this.#context.emit({ type: 'warning', message: `the state of the nodes is unknown: ${fault.message}` });
      return { type: 'observeFailed', fault };
    }
  }

  #look(nodes = this.#budgetScope, decides = this.#acted || this.#someWait()) {
    const unhealthy = (id: string) => nodeOf(this.#state, id)?.unhealthy === true;
    const serves = (id: string) => this.#hosts.get(id)?.serves !== false;
    return observeNodes(this.#context, this.#steps, { nodes, decides, unhealthy, serves });
  }

  /** Members in service to compare a changed node with: preferably ones that no run has changed before their soak. */
  #peers(): readonly string[] {
    const up = this.#state.nodes.filter(({ id, seen }) => seen?.up === true && !this.#hosts.get(id)?.isApplying);
    const unchanged = up.filter(({ changed, seen }) => !changed && !seen?.soaking);
    return (unchanged.length > 0 ? unchanged : up).map(({ id }) => id);
  }
}
