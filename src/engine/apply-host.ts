import { isConnectionLost, isUnreachable, located, OrchError } from '../core/errors.ts';
import { faultOf } from '../core/fault.ts';
import { laterResult } from '../core/later.ts';
import type { Patch } from '../core/task-type.ts';
import { assertConverged, assertSettled } from './assert-plan.ts';
import { checkStep } from './check-step.ts';
import { waitForGate } from './gate.ts';
import type { HostResult, HostRun } from './host-run.ts';
import { connectionFor, type Entry, type Planner, planEntries } from './plan-host.ts';
import { nextSegment, type Segment } from './program.ts';
import { TaskLog } from './task-log.ts';
import { TurnsClosed } from './turns.ts';

/** Carries out one play on one host: read ahead, then in order write, confirm, wait. */
export async function applyHost(run: HostRun): Promise<HostResult> {
  return new HostApply(run).run();
}

class Stop extends Error {
  readonly status: 'failed' | 'skipped';
  readonly error: OrchError | undefined;

  constructor(status: 'failed' | 'skipped', error?: OrchError) {
    super(status);
    this.status = status;
    this.error = error;
  }
}

class HostApply {
  readonly #run: HostRun;
  readonly #entries: Entry[] = [];
  readonly #planner: Planner;
  readonly #log: TaskLog;
  #touched = false;
  #hasTurn = false;
  #pending: string | undefined;

  constructor(run: HostRun) {
    this.#run = run;
    this.#planner = { host: run.host.name, hosts: run.hosts, locals: run.locals, entries: this.#entries };
    this.#log = new TaskLog(run);
    this.#pending = run.pending;
  }

  async run(): Promise<HostResult> {
    const steps = this.#run.play.options.tasks(this.#run.host);
    this.#run.turns.begin(this.#run.host.name);
    try {
      for (let answer: unknown, first = true; ; first = false) {
        const segment = nextSegment(steps, answer);
        const entries = segment.tasks.map((task): Entry => ({ task, plan: { status: 'unknown', why: 'it was read' } }));
        this.#entries.push(...entries);
        await planEntries(this.#planner, entries);
        if (first) {
          this.#log.plan(entries);
          this.#run.turns.looked(this.#run.host.name, entries.some(isTroubled));
        }
        await this.#walk(entries);
        this.#seeRest(segment);
        if (segment.done) {
          await this.#settle();
          return this.#result('ok', segment.value);
        }
        answer = this.#answer(entries.at(-1));
      }
    } catch (error) {
      if (error instanceof Stop) return this.#result(error.status, undefined, error.error);
      const fault = located(error, { host: this.#run.host.name });
      return this.#result(isUnreachable(fault) ? 'unreachable' : 'failed', undefined, fault);
    } finally {
      this.#run.turns.end(this.#run.host.name);
    }
  }

  /** The entries of one segment, in order. Whoever stops leaves the rest skipped. */
  async #walk(entries: readonly Entry[]): Promise<void> {
    for (const [i, entry] of entries.entries()) {
      try {
        if (this.#run.check) await this.#checkStep(entry);
        else await this.#applyStep(entries, i);
      } catch (error) {
        const stop = this.#stopFor(entry, error);
        for (const rest of entries.slice(i + 1)) this.#log.end(rest, 'skipped', { note: `after ${entry.task.title}` });
        throw stop;
      }
    }
  }

  #stopFor(entry: Entry, error: unknown): Stop {
    if (error instanceof TurnsClosed || isInterruption(error, this.#run.signal)) {
      this.#log.end(entry, 'skipped', { note: error instanceof TurnsClosed ? error.message : 'interrupted' });
      return new Stop('skipped');
    }
    const fault = located(error, { host: entry.task.on ?? this.#run.host.name, task: entry.task.title });
    this.#log.end(entry, 'failed', { error: faultOf(fault) });
    return new Stop('failed', fault);
  }

  async #checkStep(entry: Entry): Promise<void> {
    const step = checkStep(entry, this.#pending);
    if (step.status === 'failed') throw step.error;
    const patch = step.status === 'changed' ? await this.#show(entry) : {};
    this.#log.end(entry, step.status, { ...(step.note === undefined ? {} : { note: step.note }), ...patch });
    if (step.status !== 'ok') this.#pending ??= entry.task.title;
  }

  async #applyStep(entries: readonly Entry[], i: number): Promise<void> {
    const entry = entries[i] as Entry;
    this.#run.signal.throwIfAborted();
    if (this.#disrupts(entry) && !this.#hasTurn) {
      await this.#takeTurn(entries.slice(i));
      this.#run.signal.throwIfAborted();
    }
    const { plan, task } = entry;
    if (plan.status === 'unknown')
      throw new OrchError('NOT_KNOWN', `${task.title} depends on ${plan.why}, which did not become known`);
    if (task.type.gate && (plan.status !== 'ok' || (this.#touched && task.bound.patience().passes > 1))) {
      this.#log.start(entry);
      await waitForGate({ ...this.#run, planner: this.#planner, entry, settled: !this.#touched });
      await planEntries(this.#planner, entries.slice(i + 1, this.#horizon(entries, i)));
      return this.#log.end(entry, 'ok');
    }
    if (plan.status === 'ok') return this.#log.end(entry, 'ok');
    if (plan.status === 'error') throw plan.error;
    this.#log.start(entry);
    const patch = await this.#show(entry);
    await this.#write(entry);
    await planEntries(this.#planner, entries.slice(task.bound.confirmed ? i : i + 1, this.#horizon(entries, i)));
    if (task.bound.confirmed) assertConverged(entry);
    this.#log.end(entry, 'changed', patch, plan.change);
  }

  /** The change as texts, for the eyes only: what cannot be shown is left out, never a reason to fail. */
  async #show({ task, plan }: Entry): Promise<{ patch?: Patch }> {
    if (!this.#run.diff || plan.status !== 'change') return {};
    const { change } = plan;
    const connection = await connectionFor(this.#planner, task);
    const patch = await task.bound.show(change, connection).catch(() => undefined);
    return patch === undefined ? {} : { patch };
  }

  /** What serves is changed on one host at a time. Waiting makes plans old, so everything ahead is read again. */
  async #takeTurn(rest: readonly Entry[]): Promise<void> {
    await this.#run.turns.take(this.#run.host.name);
    this.#hasTurn = true;
    await planEntries(this.#planner, rest);
  }

  #disrupts({ task, plan }: Entry): boolean {
    return plan.status === 'change' && !task.type.gate && task.type.impact === 'node' && plan.change.before !== null;
  }

  /** Entries up to and including the next one that has something to do: those must be read again after a write. */
  #horizon(entries: readonly Entry[], i: number): number {
    const next = entries.findIndex((entry, at) => at > i && entry.plan.status !== 'ok');
    return next < 0 ? entries.length : next + 1;
  }

  /** A lost connection leaves the outcome open: look again, and write once more only if it is still to do. */
  async #write(entry: Entry): Promise<void> {
    const { task, plan } = entry;
    if (plan.status !== 'change') return;
    this.#touched = true;
    const local = await this.#run.locals.of(task);
    const report = this.#log.report(entry);
    try {
      await task.bound.write(plan.change, await connectionFor(this.#planner, task), local, report);
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      await this.#run.hosts.reconnect(task.on ?? this.#run.host.name);
      await planEntries(this.#planner, [entry]);
      const again = entry.plan as Entry['plan'];
      if (again.status === 'change')
        await task.bound.write(again.change, await connectionFor(this.#planner, task), local, report);
    }
  }

  /** A host that was changed must be at rest: one more look at everything it was told. */
  async #settle(): Promise<void> {
    if (this.#run.check || !this.#touched) return;
    const stated = this.#entries.filter(({ task }) => task.type.gate || task.bound.confirmed);
    await planEntries(this.#planner, stated);
    assertSettled(this.#run.host.name, stated);
  }

  #seeRest(segment: Segment): void {
    if (segment.notYet === undefined) return;
    this.#log.rest(segment.notYet.why);
    this.#pending ??= segment.notYet.why;
  }

  #answer(entry: Entry | undefined): unknown {
    if (entry?.plan.status === 'ok' && entry.plan.state !== null) return entry.task.bound.result(entry.plan.state);
    return laterResult(entry?.task.title ?? 'a task');
  }

  /** Whoever does not end well closes the turns before passing its own on: nobody else may start. */
  #result(status: HostResult['status'], value: unknown, error?: OrchError): HostResult {
    if (status !== 'ok') this.#run.turns.close(error === undefined ? 'interrupted' : `${this.#run.host.name} failed`);
    return { status, value, touched: this.#touched, error, pending: this.#pending };
  }
}

/** Not ready, or something that serves is not there: such a host must be well before a healthy one is touched. */
const isTroubled = ({ task, plan }: Entry): boolean =>
  task.type.gate
    ? plan.status !== 'ok'
    : task.type.impact === 'node' && plan.status === 'change' && plan.change.before === null;

/** The user's own stop; a real failure that comes at the same time is still a failure. */
const isInterruption = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
