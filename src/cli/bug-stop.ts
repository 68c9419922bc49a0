import { OrchError } from '../core/base/errors.ts';
import { redact } from '../core/base/redact.ts';
import { safeText } from '../core/base/safe-text.ts';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { Emit, RunEvent } from '../core/event/event.ts';
import { EXIT_CODES } from '../core/event/exit-codes.ts';
import { Tally } from '../engine/tally.ts';
import { onUncaught } from './uncaught.ts';

export interface BugStopOptions {
  readonly stderr: Pick<NodeJS.WriteStream, 'write'>;
  /** Stops the run like the second Ctrl-C. */
  readonly stop: (bug: OrchError) => void;
  readonly emit: Emit;
  /** Waits until all output is written. */
  readonly flush: () => Promise<void>;
  /** Releases the locks of the run, so that the next one need not wait for them to expire. */
  readonly release?: () => Promise<void> | undefined;
  /** Journal file of the run. */
  readonly journal?: string | undefined;
  /** How long the run may take to end. */
  readonly limitMs?: number;
  readonly exit?: (code: number) => void;
}

const LIMIT_MS = 30_000;
const FLUSH_MS = 2000;

/**
 * Handles an uncaught error, for example from a library's callback: stops the run and records its end. If the run does
 * not end by itself, because the error has taken what it waits for, writes its end here and names the hosts in work.
 */
export class BugStop implements Disposable {
  readonly #options: BugStopOptions;
  readonly #registration: Disposable;
  readonly #underWay = new Map<string, string>();
  #run: Extract<RunEvent, { type: 'run.start' }> | undefined;
  #tally = new Tally([]);
  #isOver = false;
  #bug: OrchError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BugStopOptions) {
    this.#options = options;
    this.#registration = onUncaught((error) => this.caught(error));
  }

  /** Follows what the run is doing. */
  follow(event: RunEvent): void {
    this.#tally.add(event);
    if (event.type === 'run.start') {
      this.#run = event;
      this.#tally = new Tally(event.hosts);
    } else if (event.type === 'run.end') this.#isOver = true;
    else if (event.type === 'task.start') this.#underWay.set(event.host, event.task);
    else if (event.type === 'roll.step' && event.status === 'begun') this.#underWay.set(event.host, event.step);
    else if (event.type === 'host.end') this.#underWay.delete(event.host);
    else if (event.type === 'roll.end') for (const host of Object.keys(event.nodes)) this.#underWay.delete(host);
  }

  /** The command has ended. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#registration[Symbol.dispose]();
    if (this.#bug !== undefined) this.#lastLine();
  }

  /** Handles an uncaught error. Of several, only the first. */
  caught(error: unknown): void {
    // Later errors may only be consequences.
    if (this.#bug !== undefined) return;
    const bug = new OrchError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
    if (error instanceof Error && error.stack !== undefined) bug.stack = error.stack;
    this.#bug = bug;
    this.#timer = setTimeout(() => void this.#force(bug), this.#options.limitMs ?? LIMIT_MS);
    // The end of a run prints the stack itself.
    const text = this.#run === undefined ? (bug.stack ?? bug.message) : bug.message;
    this.#say(`\nerror INTERNAL: ${text}\nStopping after the current command; nodes may stay drained.\n`);
    this.#options.stop(bug);
  }

  async #force(bug: OrchError): Promise<void> {
    const { emit, flush, release, exit = process.exit } = this.#options;
    try {
      if (this.#run !== undefined && !this.#isOver) this.#end(this.#run, bug, emit);
      const ends = Promise.allSettled([flush(), release?.()]);
      await Promise.race([ends, new Promise((resolve) => setTimeout(resolve, FLUSH_MS))]);
    } finally {
      this.#lastLine();
      exit(EXIT_CODES.internal);
    }
  }

  #end(run: Extract<RunEvent, { type: 'run.start' }>, bug: OrchError, emit: Emit): void {
    const hosts = [...this.#underWay].map(([host, what]) => `${host} (${what})`).join(', ');
    const hint =
      hosts === ''
        ? 'run the same command to resume'
        : `in progress: ${hosts}; check them with api7-orch status and lb status, then run the same command to resume`;
    emit({
      type: 'run.end',
      outcome: 'internal',
      exitCode: EXIT_CODES.internal,
      check: run.check,
      hosts: this.#tally.hosts(),
      errors: [{ ...errorInfoOf(bug), hint }],
      durationMs: 0,
    });
  }

  #lastLine(): void {
    const { journal } = this.#options;
    const where = journal === undefined ? '' : `; the run is recorded in ${journal}`;
    this.#say(`this is a bug in api7-orch, please report it${where}\n`);
  }

  #say(text: string): void {
    this.#options.stderr.write(safeText(redact(text)));
  }
}
