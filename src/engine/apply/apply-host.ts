import { defined } from '../../core/base/data.ts';
import { isUnreachable, located, type OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import { type Entry, type Planner, planEntries, planFirst, retryReads, unread } from '../plan/plan-host.ts';
import { nextSegment, type Segment } from '../plan/program.ts';
import { keyOf } from '../plan/read-ahead.ts';
import { answerOf } from './answer-of.ts';
import { assertConverged, assertSettled, notKnown } from './assert-plan.ts';
import { checkStep } from './check-step.ts';
import { beginGroup, type GateGroup, gateGroup } from './gate.ts';
import type { HostResult } from './host-result.ts';
import type { HostRun } from './host-run.ts';
import { ProgramStopped, stopFor } from './host-stop.ts';
import { disrupts, foundIn, isBusy, lacksDrain, notDrained } from './impact.ts';
import { MadeChanges } from './made-changes.ts';
import { shownChange } from './shown-change.ts';
import { TaskLog } from './task-log.ts';
import { writeEntry } from './write-entry.ts';

/** Runs one play on one host: plans ahead, then writes, confirms and waits in order. */
export async function applyHost(run: HostRun): Promise<HostResult> {
  return new HostApply(run).run();
}

class HostApply {
  readonly #run: HostRun;
  readonly #entries: Entry[] = [];
  readonly #planner: Planner;
  readonly #log: TaskLog;
  #group: GateGroup | undefined;
  /** `statement`s of gates that were met since the last write, as many times in a row as they require. */
  readonly #met = new Set<string>();
  #asked: Entry | undefined;
  readonly #made = new MadeChanges();
  #mayDisrupt = false;

  constructor(run: HostRun) {
    this.#run = run;
    this.#planner = { ...run, host: run.host.name, entries: this.#entries, age: 0 };
    this.#log = new TaskLog(run);
  }

  async run(): Promise<HostResult> {
    const result = await this.#program();
    const late = await this.#run.gate.finish(this.#run.host.name, result);
    return late === undefined ? result : { ...result, status: 'failed', error: late };
  }

  async #program(): Promise<HostResult> {
    const steps = this.#run.play.options.tasks(this.#run.host);
    try {
      for (let answer: unknown, first = true; ; first = false) {
        const segment = nextSegment(steps, answer);
        const entries = segment.tasks.map(unread);
        this.#entries.push(...entries);
        await planFirst(this.#planner, entries);
        if (this.#run.check) await retryReads(this.#planner, this.#run.clock, entries);
        if (first) {
          if (!this.#run.check && (await this.#run.refusal) !== undefined) throw new ProgramStopped('skipped');
          this.#log.plan(entries);
          this.#run.gate.planned(this.#run.host.name, foundIn(entries));
        }
        this.#asked = segment.asks ? entries.at(-1) : undefined;
        await this.#walk(entries, segment.done);
        this.#seeRest(segment);
        if (segment.done) {
          await this.#settle();
          if (this.#mayDisrupt) await this.#restore();
          return this.#result('ok', segment.value);
        }
        answer = answerOf(entries.at(-1));
      }
    } catch (error) {
      if (error instanceof ProgramStopped) return this.#result(error.status, undefined, error.error);
      const fault = located(error, { host: this.#run.host.name });
      const gone = isUnreachable(fault) && fault.host === this.#run.host.name;
      return this.#result(gone ? 'unreachable' : 'failed', undefined, fault);
    }
  }

  /** Runs the entries of one segment in order. After a stop, the rest counts as skipped. */
  async #walk(entries: readonly Entry[], last: boolean): Promise<void> {
    for (const [i, entry] of entries.entries()) {
      try {
        if (this.#run.check) await this.#checkStep(entry);
        else await this.#applyStep(entries, i, last);
      } catch (error) {
        const stop = stopFor(error, { entry, log: this.#log, host: this.#run.host.name, signal: this.#signal });
        for (const rest of entries.slice(i + 1)) this.#log.end(rest, 'skipped', { note: `after ${entry.task.title}` });
        throw stop;
      }
    }
  }

  async #checkStep(entry: Entry): Promise<void> {
    const step = checkStep(entry, this.#run.ahead.pending.first(this.#run.host.name));
    if (step.status === 'failed') throw step.error;
    const patch = step.status === 'changed' ? await shownChange(this.#planner, entry, this.#run.diff) : {};
    this.#log.end(entry, step.status, { ...defined({ note: step.note }), ...patch });
    if (step.status !== 'ok') this.#run.ahead.pending.add(this.#run.host.name, entry.task);
  }

  async #applyStep(entries: readonly Entry[], i: number, last: boolean): Promise<void> {
    const entry = entries[i] as Entry;
    if (this.#group?.has(entry)) return await this.#endGate(entry, this.#group);
    this.#signal.throwIfAborted();
    await this.#look(entries, i);
    if (disrupts(entry) && !this.#mayDisrupt) {
      await this.#waitForDrain();
      await this.#look(entries, i);
    }
    if (entry.task.type.inTraffic && (this.#mayDisrupt || entry.plan.status === 'change')) {
      await this.#restore();
      await this.#look(entries, i);
    }
    const { plan, task } = entry;
    if (plan.status === 'unknown') throw notKnown(task.title, plan.why);
    if (task.type.gate) {
      this.#group = await beginGroup(gateGroup(entries, i, this.#asked), {
        ...this.#run,
        planner: this.#planner,
        signal: this.#signal,
        settled: !this.#isMoving,
        log: this.#log,
        asked: this.#asked,
      });
      return await this.#endGate(entry, this.#group);
    }
    if (plan.status === 'ok') return this.#log.end(entry, 'ok');
    if (plan.status === 'error') throw plan.error;
    this.#log.start(entry);
    const patch = await shownChange(this.#planner, entry, this.#run.diff);
    await this.#write(entry);
    if (task.bound.confirmed) {
      const end = this.#horizon(entries, i);
      // With nothing left to do, everything is read one last time now. The report of a write is no such reading.
      const atRest = last && !entries.slice(i + 1).some((later) => this.#isBusy(later));
      if (atRest) await planEntries(this.#planner, [entry]);
      await planEntries(this.#planner, atRest ? this.#stated() : entries.slice(i, end));
      await retryReads(this.#planner, this.#run.clock, [entry]);
      assertConverged(entry);
    }
    this.#log.end(entry, 'changed', patch, plan.change);
  }

  async #endGate(entry: Entry, group: GateGroup): Promise<void> {
    await group.end(entry);
    if (group.isLast(entry) && group.waited) this.#age();
    if (!entry.timedOut && this.#isMoving) this.#met.add(keyOf(entry.task));
  }

  /** After a write or a wait: every earlier plan is too old to act upon or to report. */
  #age(): void {
    this.#planner.age++;
    this.#run.ahead.spoil();
  }

  /** Reads an outdated entry again, together with the entries after it up to the next one that has something to do. */
  async #refresh(entries: readonly Entry[], i: number): Promise<void> {
    if ((entries[i]?.readAt ?? 0) < this.#planner.age)
      await planEntries(this.#planner, entries.slice(i, this.#horizon(entries, i)));
  }

  /** Refreshes the entry and retries a failed read, so that the decision below uses current state. */
  async #look(entries: readonly Entry[], i: number): Promise<void> {
    await this.#refresh(entries, i);
    await retryReads(this.#planner, this.#run.clock, entries.slice(i, i + 1));
  }

  /** A drained host continues to a safe point: only the second Ctrl-C ends that. */
  get #signal(): AbortSignal {
    return this.#mayDisrupt ? this.#run.urgent : this.#run.signal;
  }

  /** Serving nodes are changed only after their drain. */
  async #waitForDrain(): Promise<void> {
    await this.#run.gate.waitForDrain(this.#run.host.name);
    this.#mayDisrupt = true;
    this.#age();
  }

  /** Also restores a node that an earlier run left drained, even if this program changes nothing of it. */
  async #restore(): Promise<void> {
    if (await this.#run.gate.restore(this.#run.host.name, this.#met)) this.#age();
    this.#mayDisrupt = false;
  }

  /** Entries to read again after a write: up to the next one that has something to do, and the gates beside it. */
  #horizon(entries: readonly Entry[], i: number): number {
    const next = entries.findIndex((entry, at) => at > i && this.#isBusy(entry));
    return next < 0 ? entries.length : next + gateGroup(entries, next, this.#asked).length;
  }

  get #isMoving(): boolean {
    return this.#made.touched || this.#run.unsettled === true;
  }
  #isBusy = (entry: Entry): boolean => isBusy(entry, this.#isMoving);

  async #write(entry: Entry): Promise<void> {
    if (lacksDrain(entry, this.#run.host.name, this.#mayDisrupt)) throw notDrained(entry, this.#run.host.name);
    this.#met.clear();
    this.#age();
    const aboutToStop = async (): Promise<void> => {
      if (this.#mayDisrupt) await this.#run.gate.aboutToStop(this.#run.host.name);
    };
    try {
      await this.#made.during(disrupts(entry), aboutToStop, (aboutToStop) =>
        writeEntry(this.#planner, entry, { ...this.#log.report(entry), aboutToStop }),
      );
    } finally {
      this.#age();
    }
  }

  /** All entries that can be read back. */
  #stated = (): readonly Entry[] => this.#entries.filter(({ task }) => task.type.gate || task.bound.confirmed);

  /** After a change, everything is read again: the host must have reached the desired state. */
  async #settle(): Promise<void> {
    if (this.#run.check || !this.#made.touched) return;
    const stated = this.#stated();
    const old = stated.filter(({ readAt }) => readAt < this.#planner.age);
    if (old.length > 0) await planEntries(this.#planner, old);
    await retryReads(this.#planner, this.#run.clock, stated);
    assertSettled(this.#run.host.name, stated);
  }

  /** The program used an unknown value. In check mode the rest is unknown; in an apply this is an error. */
  #seeRest({ notYet }: Segment): void {
    if (notYet === undefined) return;
    if (this.#run.check) {
      this.#log.rest('unknown', { note: `after ${notYet.why}` });
      this.#run.ahead.pending.addReason(this.#run.host.name, notYet.why);
      return;
    }
    const error = located(notKnown('what follows', notYet.why), { host: this.#run.host.name });
    this.#log.rest('failed', { error: errorInfoOf(error) });
    throw new ProgramStopped('failed', error);
  }

  #result(status: HostResult['status'], value: unknown, error?: OrchError): HostResult {
    return { status, value, touched: this.#made.touched, disturbed: this.#made.disturbed, error };
  }
}
