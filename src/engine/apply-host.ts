import { isUnreachable, located, type OrchError } from '../core/errors.ts';
import { faultOf } from '../core/fault.ts';
import { laterResult } from '../core/later.ts';
import type { Patch } from '../core/task-type.ts';
import { assertConverged, assertSettled, notKnown } from './assert-plan.ts';
import { checkStep } from './check-step.ts';
import { waitForGate } from './gate.ts';
import type { HostResult, HostRun } from './host-run.ts';
import { disrupts, isTroubled } from './impact.ts';
import { connectionFor, type Entry, type Planner, planEntries, planFirst, unread } from './plan-host.ts';
import { nextSegment, type Segment } from './program.ts';
import { TaskLog } from './task-log.ts';
import { TurnsClosed } from './turns.ts';
import { writeEntry } from './write-entry.ts';

/** How long a read that failed is left alone before it is made once more. */
const AGAIN_MS = 500;

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
    const { hosts, locals, ahead } = run;
    this.#planner = { host: run.host.name, hosts, locals, ahead, entries: this.#entries, age: 0 };
    this.#log = new TaskLog(run);
    this.#pending = run.pending;
  }

  async run(): Promise<HostResult> {
    const steps = this.#run.play.options.tasks(this.#run.host);
    this.#run.turns.begin(this.#run.host.name);
    try {
      for (let answer: unknown, first = true; ; first = false) {
        const segment = nextSegment(steps, answer);
        const entries = segment.tasks.map(unread);
        this.#entries.push(...entries);
        await planFirst(this.#planner, entries);
        if (this.#run.check) await this.#again(entries);
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
    await this.#refresh(entries, i);
    if (disrupts(entry) && !this.#hasTurn) {
      await this.#takeTurn();
      this.#run.signal.throwIfAborted();
      await this.#refresh(entries, i);
    }
    await this.#again([entry]);
    const { plan, task } = entry;
    if (plan.status === 'unknown') throw notKnown(task.title, plan.why);
    if (task.type.gate && this.#isBusy(entry)) {
      this.#log.start(entry);
      await waitForGate({ ...this.#run, planner: this.#planner, entry, settled: !this.#touched });
      this.#age();
      return this.#log.end(entry, 'ok');
    }
    if (plan.status === 'ok') return this.#log.end(entry, 'ok');
    if (plan.status === 'error') throw plan.error;
    this.#log.start(entry);
    const patch = await this.#show(entry);
    await this.#write(entry);
    if (task.bound.confirmed) {
      await planEntries(this.#planner, entries.slice(i, this.#horizon(entries, i)));
      await this.#again([entry]);
      assertConverged(entry);
    }
    this.#log.end(entry, 'changed', patch, plan.change);
  }

  /** Something was written or waited for: every plan made before is too old to act upon, or to report. */
  #age(): void {
    this.#planner.age++;
    this.#run.ahead.spoil();
  }

  /** An entry that is too old is read again, together with those after it up to the next that has something to do. */
  async #refresh(entries: readonly Entry[], i: number): Promise<void> {
    if ((entries[i]?.readAt ?? 0) < this.#planner.age)
      await planEntries(this.#planner, entries.slice(i, this.#horizon(entries, i)));
  }

  /** A read that failed, but need not fail again, is made once more. */
  async #again(entries: readonly Entry[]): Promise<void> {
    const failed = entries.filter(({ plan }) => plan.status === 'error' && !plan.final && plan.error.retryable);
    if (failed.length === 0) return;
    await this.#run.clock.sleep(AGAIN_MS);
    await planEntries(this.#planner, failed);
  }

  /** The change as texts, for the eyes only: what cannot be shown is left out, never a reason to fail. */
  async #show({ task, plan }: Entry): Promise<{ patch?: Patch }> {
    if (!this.#run.diff || plan.status !== 'change') return {};
    const { change } = plan;
    const patch = await connectionFor(this.#planner, task)
      .then((connection) => task.bound.show(change, connection))
      .catch(() => undefined);
    return patch === undefined ? {} : { patch };
  }

  /** What serves is changed on one host at a time. */
  async #takeTurn(): Promise<void> {
    await this.#run.turns.take(this.#run.host.name);
    this.#hasTurn = true;
    this.#age();
  }

  /** Entries up to and including the next one that has something to do: those must be read again after a write. */
  #horizon(entries: readonly Entry[], i: number): number {
    const next = entries.findIndex((entry, at) => at > i && this.#isBusy(entry));
    return next < 0 ? entries.length : next + 1;
  }

  /** It has something to write, or to wait for: after a change a gate must hold as often as it wants. */
  #isBusy({ plan, task }: Entry): boolean {
    return plan.status !== 'ok' || (task.type.gate && this.#touched && task.bound.patience().passes > 1);
  }

  async #write(entry: Entry): Promise<void> {
    this.#touched = true;
    this.#age();
    try {
      await writeEntry(this.#planner, entry, this.#log.report(entry));
    } finally {
      this.#age();
    }
  }

  /** A host that was changed must be at rest: one more look at everything it was told. */
  async #settle(): Promise<void> {
    if (this.#run.check || !this.#touched) return;
    const stated = this.#entries.filter(({ task }) => task.type.gate || task.bound.confirmed);
    await planEntries(this.#planner, stated);
    await this.#again(stated);
    assertSettled(this.#run.host.name, stated);
  }

  /** The program wants a value that is not known. In check mode it may become so; in an apply nothing will bring it. */
  #seeRest({ notYet }: Segment): void {
    if (notYet === undefined) return;
    if (this.#run.check) {
      this.#log.rest('unknown', { note: `after ${notYet.why}` });
      this.#pending ??= notYet.why;
      return;
    }
    const error = located(notKnown('what follows', notYet.why), { host: this.#run.host.name });
    this.#log.rest('failed', { error: faultOf(error) });
    throw new Stop('failed', error);
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

/** The user's own stop; a real failure that comes at the same time is still a failure. */
const isInterruption = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
