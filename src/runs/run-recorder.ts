import { type Clock, dateOf } from '../core/base/clock.ts';
import { defined } from '../core/base/data.ts';
import { isConnectionLost, OrchError } from '../core/base/errors.ts';
import type { RunEvent } from '../core/event/event.ts';
import type { Connection } from '../core/host/connection.ts';
import type { LockHosts, Locks } from '../core/host/locks.ts';
import { ROOT_DIRECTORY, ROOT_FILE } from '../core/host/root-only.ts';
import { NodeStates } from './node-states.ts';
import { runIdsIn } from './read-records.ts';
import {
  MOST_RUN_RECORDS,
  RUN_RECORD_LIMIT,
  RUNS,
  type RunRecord,
  runRecordPath,
  runRecordText,
} from './run-record.ts';

/** The facts of a run at its start. */
export type RunStart = Omit<RunRecord, 'v' | 'rev' | 'order' | 'nodes' | 'end' | 'begun' | 'resumed'>;

export interface RunRecorderOptions {
  readonly start: RunStart;
  readonly by: string;
  readonly clock: Clock;
  /** The record of the run that is resumed. */
  readonly resumes?: RunRecord | undefined;
  /** The images of the run, each with its digest once known. Default: as at the start. */
  images?(): readonly string[];
  /** Selects the hosts that get the record from the locked hosts. */
  hostsFor(names: readonly string[]): readonly string[];
  say(message: string, host: string): void;
}

/**
 * Writes the record of one run to hosts. The record exists before the first change; a run without changes leaves none.
 * Later updates are written in the background, and the run does not wait for them: `resume` reads the hosts in any
 * case. A failed write of the record does not end the run.
 *
 * @example const recorder = new RunRecorder(options); runPlaybook({ …context, locks: recorder.over(locks), emit:
 *   (event) => { emit(event); recorder.follow(event); } }, request); await recorder.close();
 */
export class RunRecorder {
  readonly #options: RunRecorderOptions;
  readonly #base: Omit<RunRecord, 'rev' | 'order' | 'nodes' | 'end'>;
  readonly #states: NodeStates;
  readonly #kept = new Set<string>();
  readonly #warned = new Set<string>();
  #hosts: readonly string[] = [];
  #connections: LockHosts | undefined;
  #begun: Promise<void> | undefined;
  #saving: Promise<void> | undefined;
  #isDue = false;
  #rev: number;
  #end: RunRecord['end'];

  constructor(options: RunRecorderOptions) {
    const { start, by, clock, resumes } = options;
    const now = { by, at: dateOf(clock).toISOString() };
    this.#options = options;
    this.#base = {
      v: 1,
      ...start,
      begun: resumes?.begun ?? now,
      ...defined({ resumed: resumes && now }),
    };
    this.#states = new NodeStates(resumes);
    this.#rev = resumes?.rev ?? 0;
  }

  /** Whether a host has the record, so that the run can be resumed. */
  get isKept(): boolean {
    return this.#kept.size > 0;
  }

  /** The locks of the run; the record is written after they are taken, before the first change. */
  over(locks: Locks): Locks {
    return {
      take: async (names, hosts) => {
        await locks.take(names, hosts);
        this.#connections = hosts;
        this.#hosts = this.#options.hostsFor(names);
      },
      refresh: async () => {
        await this.#begin();
        return await locks.refresh();
      },
      release: () => locks.release(),
    };
  }

  follow(event: RunEvent): void {
    if (this.#states.follow(event) && this.#begun !== undefined) void this.#save();
    if (event.type === 'run.end') this.#end = { outcome: event.outcome, at: dateOf(this.#options.clock).toISOString() };
  }

  /** The digest of an image is known now: a resumed run must use it too. */
  imagePinned(): void {
    if (this.#begun !== undefined) void this.#save();
  }

  /** Writes how the run ended. Call it while the run still has its locks. */
  async close(): Promise<void> {
    const isResumed = this.#base.resumed !== undefined;
    if (this.#connections === undefined || (this.#begun === undefined && !isResumed)) return;
    // Another run has the hosts and writes its own record.
    if (this.#end?.outcome === 'locked') return;
    if (this.#begun === undefined) await this.#begin();
    else await this.#begun.then(() => this.#save());
    await Promise.all([...this.#kept].map((host) => this.#prune(host).catch(() => undefined)));
  }

  #begin(): Promise<void> {
    this.#begun ??= Promise.all(
      this.#hosts.map((host) =>
        this.#on(host, async (connection) => await connection.makeDirectory(RUNS, ROOT_DIRECTORY)),
      ),
    ).then(() => this.#save());
    return this.#begun;
  }

  /** Updates during one write are combined into the next. */
  #save(): Promise<void> {
    this.#isDue = true;
    this.#saving ??= this.#saveDue().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #saveDue(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      const { nodes, order } = this.#states;
      const end = defined({ end: this.#end });
      const images = [...(this.#options.images?.() ?? this.#base.images)];
      const text = runRecordText({ ...this.#base, images, rev: ++this.#rev, order, nodes, ...end });
      if (text.length > RUN_RECORD_LIMIT) return;
      await Promise.all(
        this.#hosts.map((host) =>
          this.#on(host, async (connection) => {
            await connection.writeFile(runRecordPath(this.#base.run), text, ROOT_FILE);
            this.#kept.add(host);
          }),
        ),
      );
    }
  }

  async #prune(host: string): Promise<void> {
    const connection = await (this.#connections as LockHosts).get(host);
    const ids = (await runIdsIn(connection)).filter((run) => run !== this.#base.run);
    const old = ids.toSorted().slice(0, Math.max(0, ids.length + 1 - MOST_RUN_RECORDS));
    await Promise.all(old.map((run) => connection.remove(runRecordPath(run))));
  }

  async #on(host: string, act: (connection: Connection) => Promise<void>): Promise<void> {
    const hosts = this.#connections as LockHosts;
    let connection: Connection | undefined;
    try {
      connection = await hosts.get(host);
      await act(connection);
    } catch (error) {
      if (!isConnectionLost(error) || connection === undefined) return this.#warn(host, error);
      await hosts
        .reconnect(host, connection)
        .then(act)
        .catch((again: unknown) => this.#warn(host, again));
    }
  }

  #warn(host: string, error: unknown): void {
    // A takeover of the lock ends the run itself.
    if (error instanceof OrchError && error.code === 'FENCED') return;
    if (this.#warned.has(host)) return;
    this.#warned.add(host);
    const why = error instanceof Error ? error.message : String(error);
    this.#options.say(`the record of this run could not be written: ${why}; resume may not find it there`, host);
  }
}
