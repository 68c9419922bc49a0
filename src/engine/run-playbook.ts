import pLimit from 'p-limit';
import { defined } from '../core/base/data.ts';
import { located, OrchError } from '../core/base/errors.ts';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { Emit, HostCounts, Outcome } from '../core/event/event.ts';
import { EXIT_CODES } from '../core/event/exit-codes.ts';
import type { Host } from '../core/host/host.ts';
import type { Plays } from '../core/play/play.ts';
import { NotYet } from '../core/task/later.ts';
import type { HostResult } from './apply/host-result.ts';
import type { Locals } from './plan/locals.ts';
import { sameMachine } from './plan/one-machine.ts';
import { ReadAhead } from './plan/read-ahead.ts';
import { enumerate, type PlannedPlay } from './plan/validate.ts';
import type { RunContext } from './roll/run-context.ts';
import { type PlayContext, runPlay } from './run-play.ts';
import { Tally } from './tally.ts';

export interface RunRequest {
  readonly title: string;
  /** As an operator typed it. */
  readonly command?: string;
  readonly cluster: string;
  /** Id of the run. */
  readonly run?: string;
  /** The playbook's file, absent for a built-in playbook, and whether it replaces a built-in one. */
  readonly file?: string;
  readonly replacesBuiltIn?: boolean;
  /** Makes new plays: they run once offline and once for real. */
  plays(): Plays;
  /** The command that resumes the run, if it ends early. */
  goOn?(): string;
  /** The hosts of a pattern, within `--limit`. */
  select(pattern: string): readonly Host[];
}

export interface RunReport {
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly hosts: Readonly<Record<string, HostCounts>>;
}

/**
 * Runs a playbook: validates it offline, connects to all its hosts, then runs play after play.
 *
 * @throws OrchError when the playbook itself is wrong: no connection was made, and nothing was changed
 */
export async function runPlaybook(context: RunContext, request: RunRequest): Promise<RunReport> {
  const planned = enumerate(request.plays(), request.select);
  const names = [...new Set(planned.flatMap(({ hosts }) => hosts.map(({ name }) => name)))];
  if (names.length === 0)
    throw new OrchError('NO_HOSTS_MATCHED', 'no host is left for this playbook', {
      hint: 'widen --limit: it leaves none of the hosts that the playbook works on',
    });
  await prepare(planned, context.locals);
  return new PlaybookRun(context, request, names, planned).run();
}

/** Does the controller's part of every task: a missing or damaged package is found before any connection. */
async function prepare(planned: readonly PlannedPlay[], locals: Locals): Promise<void> {
  const stated = planned.flatMap(({ tasks }) =>
    [...tasks].flatMap(([host, list]) => list.flatMap((task) => (task.blocked === undefined ? [{ host, task }] : []))),
  );
  const works = await Promise.allSettled(stated.map(({ task }) => locals.of(task)));
  for (const [i, work] of works.entries()) {
    const at = stated[i];
    if (at !== undefined && work.status === 'rejected' && !(work.reason instanceof NotYet))
      throw located(work.reason, { host: at.task.on ?? at.host, task: at.task.title });
  }
}

class PlaybookRun {
  readonly #context: Omit<PlayContext, 'refusal'>;
  readonly #request: RunRequest;
  readonly #names: readonly string[];
  readonly #planned: readonly PlannedPlay[];
  readonly #tally: Tally;
  readonly #errors: OrchError[] = [];
  readonly #begun: number;
  #touched = false;
  /** Nodes that were rolled back, and whether another host failed too. */
  readonly #rolledBack = new Set<string>();
  #failedElsewhere = false;
  /** Some host did not complete its program. */
  #unfinished = false;
  /** Every play was completed, with all hosts ok. */
  #finished = false;

  constructor(context: RunContext, request: RunRequest, names: readonly string[], planned: readonly PlannedPlay[]) {
    this.#tally = new Tally(names);
    const emit: Emit = (event) => {
      this.#tally.add(event);
      // Drained by this run, even if nothing of the node itself was changed.
      if (event.type === 'roll.end')
        for (const [node, { state }] of Object.entries(event.nodes))
          if (state === 'rolledBack') this.#rolledBack.add(node);
      if (event.type === 'roll.end' && !context.check)
        this.#touched ||= Object.values(event.nodes).some(
          ({ state, next }) => state === 'failed' && next !== undefined,
        );
      context.emit(event);
    };
    const noted = new Set<string>();
    // The same message for every node is printed once per run.
    const noteOnce = (message: string): void => {
      if (!noted.has(message)) emit({ type: 'note', message });
      noted.add(message);
    };
    this.#context = { ...context, ahead: new ReadAhead(planned), emit, noteOnce };
    this.#request = request;
    this.#names = names;
    this.#planned = planned;
    this.#begun = context.clock.now();
  }

  async run(): Promise<RunReport> {
    const { emit, check, rollFlags } = this.#context;
    const { title, cluster, command, run, file, replacesBuiltIn } = this.#request;
    const more = defined({ command, run, file, replacesBuiltIn });
    emit({ type: 'run.start', title, cluster, check, hosts: this.#names, ...more });
    const lost = await this.#connectAll();
    const goesOn = lost.size === 0 || check || rollFlags?.skipUnreachable === true;
    if (goesOn && (await this.#lock(lost))) {
      const refusal = this.#sameMachine(lost);
      // A playbook's own code may throw between plays after hosts were changed, so the run is reported to its end.
      await this.#plays(lost, refusal).catch((error: unknown) => void this.#errors.push(located(error, {})));
      const error = await refusal;
      if (error !== undefined) this.#errors.push(error);
    }
    return this.#end(lost.size > 0);
  }

  /** All hosts must respond before the first change on any: an unreachable one is found now, not half-way. */
  async #connectAll(): Promise<ReadonlySet<string>> {
    const { hosts, clock, emit, forks } = this.#context;
    const lost = new Set<string>();
    await pLimit(forks).map(this.#all, async (host) => {
      const begun = clock.now();
      try {
        await hosts.get(host);
        emit({ type: 'host.connected', host, durationMs: clock.now() - begun });
      } catch (error) {
        lost.add(host);
        const fault = located(error, { host });
        this.#errors.push(fault);
        emit({ type: 'host.unreachable', host, error: errorInfoOf(fault) });
      }
    });
    return lost;
  }

  /** The hosts of the plays, and those that tasks are delegated to. */
  get #all(): readonly string[] {
    const delegates = this.#planned.flatMap(({ tasks }) => [...tasks.values()].flat().flatMap(({ on }) => on ?? []));
    return [...new Set([...this.#names, ...delegates])];
  }

  /**
   * Not awaited here: the hosts answer with the plays' first reads, and each play awaits it before its first change.
   */
  #sameMachine(lost: ReadonlySet<string>): Promise<OrchError | undefined> {
    const { hosts } = this.#context;
    const reached = this.#all.filter((host) => !lost.has(host));
    return sameMachine(reached, async (host) => (await hosts.get(host)).facts());
  }

  /** Before anything is read: the plan stays valid only if no other run may change the hosts. */
  async #lock(lost: ReadonlySet<string>): Promise<boolean> {
    const { locks, hosts, check } = this.#context;
    if (check || locks === undefined) return true;
    try {
      await locks.take(
        this.#all.filter((name) => !lost.has(name)),
        hosts,
      );
      return true;
    } catch (error) {
      this.#errors.push(located(error, {}));
      return false;
    }
  }

  async #plays(lost: ReadonlySet<string>, refusal: Promise<OrchError | undefined>): Promise<void> {
    const plays = this.#request.plays();
    for (let answer: unknown; ; ) {
      const step = plays.next(answer);
      if (step.done) {
        this.#finished = true;
        return;
      }
      const hosts = this.#request.select(step.value.options.hosts);
      // `--limit` selects no host of it: no play, no heading.
      let results: ReadonlyMap<string, HostResult> = new Map();
      if (hosts.some(({ name }) => !lost.has(name))) {
        if (this.#context.signal.aborted) return;
        results = await runPlay({ ...this.#context, refusal }, { play: step.value, hosts, tasks: new Map() }, lost);
      }
      for (const [name, result] of results) {
        this.#failedElsewhere ||= result.error !== undefined && !this.#rolledBack.has(name);
        this.#touched ||= result.touched;
        if (result.error !== undefined) this.#errors.push(result.error);
        this.#unfinished ||= result.status !== 'ok';
      }
      if ([...results].some(([name, { status }]) => status !== 'ok' && !lost.has(name))) return;
      answer = new Map([...results].map(([host, { value }]) => [host, value]));
    }
  }

  #end(lostSome: boolean): RunReport {
    const { clock, emit, check, signal } = this.#context;
    const bug = this.#bug();
    if (bug !== undefined) this.#errors.unshift(bug);
    const { reason }: { reason: unknown } = signal;
    if (isLocked(reason) && !this.#errors.some(isLocked)) this.#errors.unshift(reason);
    const outcome = bug === undefined ? this.#outcome(lostSome, signal.aborted && !this.#finished) : 'internal';
    const hosts = this.#tally.hosts();
    const isOpen = !['ok', 'refused'].includes(outcome) && (outcome !== 'locked' || this.#touched);
    const command = isOpen && !check ? this.#request.goOn?.() : undefined;
    emit({
      type: 'run.end',
      outcome,
      exitCode: EXIT_CODES[outcome],
      check,
      hosts,
      errors: this.#errors.map((error) => errorInfoOf(error)),
      ...defined({ goOn: command }),
      durationMs: clock.now() - this.#begun,
    });
    return { outcome, exitCode: EXIT_CODES[outcome], hosts };
  }

  /** The unexpected error that stopped the run, if any. */
  #bug(): OrchError | undefined {
    const { signal, urgent } = this.#context;
    return [signal.reason, urgent.reason].find((reason) => reason instanceof OrchError && reason.code === 'INTERNAL');
  }

  #outcome(lostSome: boolean, cutShort: boolean): Outcome {
    if (this.#errors.some(isLocked)) return 'locked';
    if (cutShort) return 'interrupted';
    if (this.#errors.length === 0 && !lostSome && !this.#unfinished) return 'ok';
    if (lostSome && this.#context.rollFlags?.skipUnreachable === true) return 'partial';
    if (this.#rolledBack.size > 0 && !this.#failedElsewhere && !lostSome) return 'rolledBack';
    return this.#touched ? 'partial' : 'refused';
  }
}

/** Another run has the lock of a host, or has taken it over. */
const isLocked = (error: unknown): error is OrchError =>
  error instanceof OrchError && (error.code === 'HOST_LOCKED' || error.code === 'FENCED');
