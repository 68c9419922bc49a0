import type { Command, Event, NodeInit, Observation, Options, Step } from '../../src/rolling/types.ts';
import { isInFullService, isServing, membersOf, Violation, type World } from './world.ts';
import { checkStart } from './world-start.ts';

export interface EndShown {
  readonly state: string;
  readonly drained: string;
  readonly fault: { readonly message: string } | undefined;
}

export interface Started {
  readonly rank: number;
  readonly view: Observation | undefined;
  readonly wanted: boolean;
  /** When the observation began that decided it. */
  readonly seenAt: number;
}

/**
 * Monitors a run from outside, by the machine's events and commands, without its internal state. A violation is thrown when it
 * happens.
 */
export class Ledger {
  readonly world: World;
  readonly nodes: readonly NodeInit[];
  readonly options: Options;
  /** Successful steps, in order, by node. */
  readonly steps = new Map<string, Step[]>();
  readonly started = new Map<string, Started>();
  /** When the node's last step, and the last one about its service, succeeded. */
  readonly doneAt = new Map<string, number>();
  readonly servedAt = new Map<string, number>();
  /** Nodes whose diagnostics could not be collected. */
  readonly failedDiagnostics = new Set<string>();
  /** The operator answered no after the node was restored. */
  readonly cutShort = new Set<string>();
  finishes = 0;
  now = 0;
  readonly endOf: (id: string) => EndShown | undefined;
  readonly staging: Set<string>;
  readonly waiting = new Set<string>();
  readonly troubled = new Set<string>();
  readonly bad = new Set<string>();
  readonly underWay = new Map<string, Step>();
  readonly #changed = new Set<string>();
  /** The required next command for a failed node. */
  readonly #owed = new Map<string, Step>();
  /** Nodes that ever got a drain command. */
  readonly drained = new Set<string>();
  readonly serving: string[] = [];
  readonly #outAt = new Map<string, number>();
  /** Questions that are answered one after another; a balancer's has no step. */
  readonly #held: { readonly node: string; readonly step: Step | undefined }[] = [];
  seen: Readonly<Record<string, Observation>> | undefined;
  #askedAt = -1;
  #takenAt = -1;
  seenAskedAt = -1;
  seenTakenAt = -1;
  changedAt = 0;
  #network: 'up' | 'down' | 'unseen' = 'up';
  stopped: string | undefined;

  constructor(world: World, nodes: readonly NodeInit[], options: Options, endOf: (id: string) => EndShown | undefined) {
    this.world = world;
    this.nodes = nodes;
    this.options = options;
    this.endOf = endOf;
    this.staging = new Set(nodes.filter(({ inRun, unreachable }) => inRun && !unreachable).map(({ id }) => id));
  }

  /** With these out of service, a pool of the node exceeds its share; a share is of its own members. */
  isOverrun(node: string, away: readonly string[]): boolean {
    const { maxUnavailable: most } = this.options;
    const poolsOf = (id: string): readonly string[] => this.nodes.find((one) => one.id === id)?.pools ?? ['all'];
    return poolsOf(node).some((pool) => {
      const members = this.nodes.map(({ id }) => id).filter((id) => poolsOf(id).includes(pool));
      const may = typeof most === 'number' ? most : Math.floor((members.length * Number.parseFloat(most)) / 100);
      return members.filter((id) => away.includes(id)).length > may;
    });
  }

  /** The observation is pending. */
  taken(): void {
    this.#takenAt = this.now;
  }

  heard(event: Event): void {
    this.now++;
    switch (event.type) {
      case 'planned':
        if (event.unhealthy) this.troubled.add(event.node);
        return;
      case 'needsDrain':
        this.staging.delete(event.node);
        this.waiting.add(event.node);
        return;
      case 'ended':
        this.staging.delete(event.node);
        if (!event.ok) this.#blame(event.node);
        if (!event.ok && this.started.size === 0) this.stopped ??= `${event.node} could not be staged`;
        return;
      case 'observed':
        if (this.finishes > 0) return;
        this.seen = event.nodes;
        this.seenAskedAt = this.#askedAt;
        this.seenTakenAt = this.#takenAt;
        if (this.#network === 'unseen' && this.#askedAt >= this.changedAt) this.#network = 'up';
        return;
      case 'observeFailed':
        if (this.started.size > 0 && this.stopped === undefined) this.#held.push({ node: '', step: undefined });
        if (this.#network === 'unseen') this.#network = 'up';
        return;
      case 'stepDone':
        this.#did(event);
        return;
      case 'network':
        this.changedAt = this.now;
        this.#network = event.up ? 'unseen' : 'down';
        return;
      case 'answered':
        this.changedAt = this.now;
        if (!event.go) this.stopped ??= 'the operator answered no';
        this.#answered(event.go);
        return;
      case 'interrupted':
        this.stopped ??= 'interrupted';
        for (const { node, step } of this.#held.splice(0)) if (step === 'soak') this.#cut(node);
        return;
      default:
        event satisfies never;
    }
  }

  #did({ node, step, result }: Extract<Event, { type: 'stepDone' }>): void {
    this.changedAt = this.now;
    this.underWay.delete(node);
    if (step === 'collectDiagnostics' && result.kind !== 'ok') this.failedDiagnostics.add(node);
    if (result.kind === 'ok') this.#went(node, step);
    else if (result.kind === 'hold' && this.stopped !== 'interrupted') this.#held.push({ node, step });
    else if (result.kind === 'hold' && step === 'soak') this.#cut(node);
    else if (result.kind === 'hold') return;
    else if (step === 'checkDependencies' && result.kind === 'failed') this.stopped ??= `dependency check of ${node}`;
    else if (step === 'recheck' && this.endOf(result.fault.host ?? '')?.state === 'done') {
      this.#blame(result.fault.host ?? '');
      this.#went(node, step);
    } else this.#blame(node);
    if (result.kind === 'failed') this.#owe(node, step);
    if (
      result.kind !== 'ok' &&
      result.kind !== 'hold' &&
      (step === 'drain' || step === 'waitIdle') &&
      !this.started.get(node)?.view?.drainedByRun
    )
      this.#owed.set(node, 'undoDrain');
  }

  /** A failing node is drained first; then diagnostics are collected. */
  #owe(node: string, step: Step): void {
    const { balanced = true } = this.nodes.find(({ id }) => id === node) ?? {};
    if (balanced && (step === 'waitInService' || step === 'soak')) this.#owed.set(node, 'drainAgain');
    // The failure itself reports the version after the undo.
    else if (this.steps.get(node)?.includes('recover')) return;
    else if (['apply', 'waitReady', 'soak', 'drainAgain'].includes(step)) this.#owed.set(node, 'collectDiagnostics');
  }

  #went(node: string, step: Step): void {
    this.steps.set(node, [...(this.steps.get(node) ?? []), step]);
    this.doneAt.set(node, this.now);
    if (step !== 'recheck') this.servedAt.set(node, this.now);
  }

  #answered(go: boolean): void {
    const held = this.#held.shift();
    if (held?.step !== 'soak') return;
    if (go) this.#went(held.node, 'soak');
    else this.#cut(held.node);
  }

  #cut(node: string): void {
    this.cutShort.add(node);
    this.doneAt.set(node, this.now);
  }

  #blame(node: string): void {
    this.bad.add(node);
    if (this.bad.size > this.options.maxFailures) this.stopped ??= `${node} failed`;
  }

  ordered(command: Command): void {
    if (this.finishes > 0 && command.do !== 'finish') throw new Violation(`${command.do} after the end`);
    switch (command.do) {
      case 'observe':
        if (this.#network === 'down') throw new Violation('an observation without a network');
        this.#askedAt = this.now;
        return;
      case 'refuse':
        if (!this.waiting.delete(command.node)) throw new Violation(`${command.node} is refused but does not wait`);
        return;
      case 'hold':
        return;
      case 'finish':
        this.finishes++;
        if (this.#owed.size > 0) throw new Violation(`${[...this.#owed].join(' lacks ')}`);
        if (this.underWay.size > 0) throw new Violation(`the end, with ${[...this.underWay.keys()]} under way`);
        return;
      case 'step':
        this.#step(command.node, command.step, command.nodes ?? []);
        return;
      default:
        command satisfies never;
    }
  }

  #step(node: string, step: Step, nodes: readonly string[]): void {
    if (this.#network !== 'up') throw new Violation(`${step} of ${node} before all was seen again`);
    if (this.underWay.has(node)) throw new Violation(`${step} of ${node} during its ${this.underWay.get(node)}`);
    if (step === 'checkDependencies' || !this.started.has(node))
      this.started.set(node, checkStart(this, node, step === 'checkDependencies'));
    const view = this.started.get(node)?.view;
    if (step === 'apply') {
      if (!this.waiting.delete(node)) throw new Violation(`${node} is granted but does not wait`);
      this.#changed.add(node);
    }
    if (step === 'undoDrain' && (this.#changed.has(node) || view?.drainedByRun))
      throw new Violation(`${node} is restored though it may have been changed`);
    const steps = this.steps.get(node) ?? [];
    if (step === 'restore' && !steps.slice(steps.lastIndexOf('recover') + 1).includes('waitReady'))
      throw new Violation(`${node} is restored before it is ready`);
    if (step === 'recover' && !this.bad.has(node)) throw new Violation(`${node} goes back for no reason`);
    if (step === 'recheck') {
      const done = this.nodes.filter(({ id }) => this.#isBackInService(id) && id !== node).map(({ id }) => id);
      if (done.join() !== [...nodes].join()) throw new Violation(`recheck of ${nodes}, but ${done} are done`);
    }
    if (step === 'drain') this.drained.add(node);
    if ((this.#owed.get(node) ?? step) !== step)
      throw new Violation(`${step} of ${node} before ${this.#owed.get(node)}`);
    this.#owed.delete(node);
    this.underWay.set(node, step);
  }

  #isBackInService(id: string): boolean {
    return this.endOf(id)?.state === 'done' && this.started.has(id) && this.started.get(id)?.view?.held !== true;
  }

  /** Right before a step happens in the world. */
  about(node: string, step: Step): void {
    // It recovered by itself after the last observation, which could not show it.
    if (step !== 'drain' || !isServing(this.world, node) || this.seen?.[node]?.inTraffic === false) return;
    const { seenAt = -1 } = this.started.get(node) ?? {};
    const away = this.nodes.filter(
      ({ id }) => id === node || (!isInFullService(this.world, id) && (this.#outAt.get(id) ?? -1) <= seenAt),
    );
    if (
      this.isOverrun(
        node,
        away.map(({ id }) => id),
      )
    )
      throw new Violation(`${node} is drained as one of ${away.map(({ id }) => id)}`);
  }

  /** An external event stopped the node: no earlier observation could show it. */
  struck(node: string): void {
    if (!this.#outAt.has(node)) this.#outAt.set(node, this.now);
  }

  leased(id: string): boolean {
    return membersOf(this.world, id).some(({ lease }) => lease !== undefined);
  }
}
