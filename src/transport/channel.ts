import { formatDuration } from '../core/duration.ts';
import { OrchError } from '../core/errors.ts';
import { feed, type Source } from './feed.ts';
import { groupLives, killGroup } from './kill-group.ts';
import { type Shell, startShell } from './shell.ts';
import type { Exit, Launch, Rights } from './shell-process.ts';

export interface ShellRequest {
  /** Goes by stdin, so it may hold secrets. */
  readonly script: string;
  readonly stdin?: Source;
  readonly onStdinProgress?: (bytes: number) => void;
  /** Limit for the whole script. */
  readonly timeoutMs?: number;
  /** Limit for silence: no output, and no input taken. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  /** A promise holds the stream back until it settles. */
  readonly onStdout: (bytes: Buffer) => void | Promise<void>;
  readonly onStderr: (bytes: Buffer) => void | Promise<void>;
}

/** How long a group that was told to end may take before it is killed, and a killed one before it is given up. */
const GRACE_MS = 3000;
/** Time after the exit status before it is asked whether a child left in the background still holds the streams. */
const LINGER_MS = 1500;
/** Silence after which they are not waited for, if the host answers otherwise: a child that left the group may hold them. */
const LONGEST_SILENCE_MS = 10_000;

/**
 * Runs a script on a channel of its own, with these rights. Time limits and `signal` end it by its process group:
 * closing a channel kills nothing on the host.
 *
 * @throws OrchError CONNECTION_LOST | CHANNEL_REFUSED | TIMED_OUT | INTERRUPTED | CONNECT_SUDO_PASSWORD |
 *   CONNECT_SUDO_PASSWORD_WRONG | CONNECT_SHELL_REFUSED
 */
export function runShell(launch: Launch, rights: Rights, request: ShellRequest): Promise<Exit> {
  return new ShellRun(launch, rights, request).run();
}

class ShellRun {
  readonly #launch: Launch;
  readonly #rights: Rights;
  readonly #request: ShellRequest;
  readonly #over = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #ended = Promise.withResolvers<Exit>();
  #shell: Shell | undefined;
  #group: number | undefined;
  #exit: Exit | undefined;
  #stopped: OrchError | undefined;
  #idle: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  /** Chunks that came, and those that are still being taken. */
  #heard = 0;
  #taking = 0;

  constructor(launch: Launch, rights: Rights, request: ShellRequest) {
    this.#launch = launch;
    this.#rights = rights;
    this.#request = request;
  }

  async run(): Promise<Exit> {
    const { script, stdin, signal, onStdinProgress } = this.#request;
    if (signal?.aborted) throw interrupted();
    const shell = await startShell(this.#launch, this.#rights, script, {
      begun: (group) => {
        this.#group = group;
        if (this.#stopped !== undefined) this.#kill();
      },
      heard: () => {
        this.#heard++;
        this.#idle?.refresh();
        this.#linger?.refresh();
      },
      stdout: (bytes) => this.#take(() => this.#request.onStdout(bytes)),
      stderr: (bytes) => this.#take(() => this.#request.onStderr(bytes)),
      exit: (exit) => {
        this.#exit = exit;
        this.#linger = this.#after(LONGEST_SILENCE_MS, () => void this.#silence());
        this.#after(LINGER_MS, () => void this.#letChildrenGo());
      },
      close: (error) => this.#end(error),
      lost: (error) => this.#finish(() => this.#ended.reject(error)),
    });
    this.#shell = shell;
    this.#limits();
    const progress = (bytes: number): void => {
      this.#idle?.refresh();
      onStdinProgress?.(bytes);
    };
    feed(shell.stdin, stdin ?? [], this.#over.signal, progress).catch((error: unknown) =>
      this.#stop(unreadable(error)),
    );
    return await this.#ended.promise;
  }

  /** Who takes long to take it is not silent for that. */
  #take(take: () => void | Promise<void>): void | Promise<void> {
    if (this.#over.signal.aborted) return;
    const taking = take();
    if (taking === undefined) return;
    this.#taking++;
    return taking.finally(() => {
      this.#taking--;
      this.#idle?.refresh();
      this.#linger?.refresh();
    });
  }

  #limits(): void {
    const { timeoutMs, idleMs, signal } = this.#request;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    // It may have come while the session was being opened.
    if (signal?.aborted) this.#onAbort();
    if (timeoutMs !== undefined)
      this.#after(timeoutMs, () => this.#stop(timedOut(`did not end within ${formatDuration(timeoutMs)}`)));
    if (idleMs !== undefined)
      this.#idle = this.#after(idleMs, () => {
        if (this.#taking > 0) this.#idle?.refresh();
        else this.#stop(timedOut(`was silent for ${formatDuration(idleMs)}`));
      });
  }

  readonly #onAbort = (): void => this.#stop(interrupted());

  /**
   * The exit status overtakes output that is still on its way, so the end of the streams is waited for; but not where
   * a child in the background holds them.
   */
  async #letChildrenGo(): Promise<void> {
    const group = this.#group;
    if (group === undefined || this.#over.signal.aborted) return;
    const alive = await groupLives(this.#launch, this.#rights, group).catch(() => false);
    if (!alive) return;
    if (this.#taking === 0) this.#end();
    else this.#after(LINGER_MS, () => void this.#letChildrenGo());
  }

  /** Silence of a link that stands still says nothing: only what came before an answer of the host's is all. */
  async #silence(): Promise<void> {
    const { group, heard } = { group: this.#group, heard: this.#heard };
    const asked = group === undefined ? true : groupLives(this.#launch, this.#rights, group);
    const answered = await Promise.resolve(asked).then(
      (alive) => alive !== undefined,
      () => true,
    );
    if (answered && heard === this.#heard && this.#taking === 0) this.#end();
    else this.#linger?.refresh();
  }

  #after(ms: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => this.#over.signal.aborted || act(), ms);
    this.#timers.push(timer);
    return timer;
  }

  #stop(error: OrchError): void {
    if (this.#stopped !== undefined || this.#over.signal.aborted) return;
    this.#stopped = error;
    // A shell that has not begun may still do so: it is then killed at once.
    if (this.#group !== undefined) this.#kill();
    this.#after(2 * GRACE_MS, () => this.#end());
  }

  #kill(): void {
    const group = this.#group;
    if (group === undefined) return;
    const kill = (name: 'TERM' | 'KILL'): void =>
      void killGroup(this.#launch, this.#rights, group, name).catch(() => {});
    kill('TERM');
    this.#after(GRACE_MS, () => kill('KILL'));
  }

  #end(refused?: OrchError): void {
    this.#finish(() => {
      if (this.#stopped !== undefined) this.#ended.reject(this.#stopped);
      else if (this.#exit === undefined) this.#ended.reject(lostChannel());
      else if (refused !== undefined) this.#ended.reject(refused);
      else this.#ended.resolve(this.#exit);
    });
  }

  #finish(settle: () => void): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    // The leader obeyed; a child of it may not have.
    if (this.#stopped !== undefined && this.#group !== undefined)
      void killGroup(this.#launch, this.#rights, this.#group, 'KILL').catch(() => {});
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#shell?.abandon();
    settle();
  }
}

const interrupted = (): OrchError =>
  new OrchError('INTERRUPTED', 'the command was interrupted and its process group killed');

const timedOut = (how: string): OrchError =>
  new OrchError('TIMED_OUT', `the command ${how}; its process group was killed`, {
    hint: 'raise its time limit if it needs longer',
  });

const lostChannel = (): OrchError =>
  new OrchError('CONNECTION_LOST', 'the connection closed before the command ended', {
    hint: 'what the command did is not known; run again to see and go on',
    retryable: true,
  });

const unreadable = (error: unknown): OrchError =>
  error instanceof OrchError
    ? error
    : new OrchError('LOCAL_FILE_UNREADABLE', `what was to be sent could not be read: ${String(error)}`, {
        cause: error,
      });
