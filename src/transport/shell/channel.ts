import { formatDuration } from '../../core/base/duration.ts';
import { located, OrchError } from '../../core/base/errors.ts';
import { feed, type Source } from './feed.ts';
import { groupLives, killGroup, unkilled } from './kill-group.ts';
import { type Shell, startShell } from './shell.ts';
import type { Exit, Launch, Rights } from './shell-process.ts';

export interface ShellRequest {
  /** Sent on stdin, so it may contain secrets. */
  readonly script: string;
  readonly stdin?: Source;
  readonly onStdinProgress?: (bytes: number) => void;
  /** Limit for the whole script. */
  readonly timeoutMs?: number;
  /** Limit in milliseconds without output and without consumed input. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  /** A returned promise holds the stream back. An exception ends the command. */
  readonly onStdout: (bytes: Buffer) => void | Promise<void>;
  readonly onStderr: (bytes: Buffer) => void | Promise<void>;
}

/**
 * Why api7-orch ends a command: the error after its process group was killed, and the text if it could not be killed.
 */
interface KillReason {
  readonly killed: OrchError;
  readonly says: string;
}

/** How long a process group may take to end after a signal, in milliseconds. */
const GRACE_MS = 3000;
/** Delay after the exit status, before checking whether a background child still holds the streams. */
const LINGER_MS = 1500;
/**
 * Longest time without output before the streams are given up although the host responds: a child outside of the group
 * may hold them.
 */
const LONGEST_SILENCE_MS = 10_000;

/**
 * Runs a script on its own channel, with these rights. Time limits and `signal` kill its process group: closing a
 * channel kills nothing on the host.
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
  #stopped: KillReason | undefined;
  #killed = false;
  #idle: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  /** Number of received chunks, and of chunks being processed. */
  #heard = 0;
  #taking = 0;

  constructor(launch: Launch, rights: Rights, request: ShellRequest) {
    this.#launch = launch;
    this.#rights = rights;
    this.#request = request;
  }

  async run(): Promise<Exit> {
    const { script, stdin, signal, onStdinProgress } = this.#request;
    if (signal?.aborted) throw new OrchError('INTERRUPTED', 'the command was interrupted');
    const shell = await startShell(this.#launch, this.#rights, script, {
      begun: (group) => {
        this.#group = group;
        if (this.#stopped !== undefined) this.#bringDown();
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

  /** Slow processing of output does not count against the host's limits. */
  #take(take: () => void | Promise<void>): void | Promise<void> {
    if (this.#over.signal.aborted) return;
    const taking = this.#taken(take);
    if (taking === undefined) return;
    this.#taking++;
    return taking.finally(() => {
      this.#taking--;
      this.#idle?.refresh();
      this.#linger?.refresh();
    });
  }

  /** An exception of the output handler ends the command; rethrown here it would end the process. */
  #taken(take: () => void | Promise<void>): void | Promise<void> {
    try {
      return take();
    } catch (error) {
      const killed = located(error, {});
      this.#stop({ killed, says: killed.message });
    }
  }

  #limits(): void {
    const { timeoutMs, idleMs, signal } = this.#request;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    // The signal may have come while the session was opened.
    if (signal?.aborted) this.#onAbort();
    if (timeoutMs !== undefined)
      this.#after(timeoutMs, () => this.#stop(timedOut(`did not end within ${formatDuration(timeoutMs)}`)));
    if (idleMs !== undefined)
      this.#idle = this.#after(idleMs, () => {
        if (this.#taking > 0) this.#idle?.refresh();
        else this.#stop(timedOut(`sent nothing for ${formatDuration(idleMs)}`));
      });
  }

  readonly #onAbort = (): void => this.#stop(interrupted());

  /**
   * The exit status arrives before pending output, so the end of the streams is awaited, unless a background child
   * holds them.
   */
  async #letChildrenGo(): Promise<void> {
    const group = this.#group;
    if (group === undefined || this.#over.signal.aborted) return;
    const alive = await groupLives(this.#launch, this.#rights, group).catch(() => false);
    if (!alive) return;
    if (this.#taking === 0) this.#end();
    else this.#after(LINGER_MS, () => void this.#letChildrenGo());
  }

  /** No output on a stalled link means nothing: output is complete only if the host has answered after it. */
  async #silence(): Promise<void> {
    const group = this.#group;
    const heard = this.#heard;
    const alive = group === undefined ? false : await groupLives(this.#launch, this.#rights, group).catch(() => false);
    const answered = alive !== undefined;
    if (answered && heard === this.#heard && this.#taking === 0) this.#end();
    else this.#linger?.refresh();
  }

  #after(ms: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => this.#over.signal.aborted || act(), ms);
    this.#timers.push(timer);
    return timer;
  }

  #stop(why: KillReason): void {
    if (this.#stopped !== undefined || this.#over.signal.aborted) return;
    this.#stopped = why;
    // A shell that has not begun may still do so: then it is killed at once.
    if (this.#group !== undefined) this.#bringDown();
    this.#after(2 * GRACE_MS, () => this.#end());
  }

  #bringDown(): void {
    void this.#kill('TERM');
    this.#after(GRACE_MS, () => void this.#kill('KILL'));
  }

  async #kill(signal: 'TERM' | 'KILL', limitMs?: number): Promise<void> {
    if (this.#group === undefined) return;
    const sent = await killGroup(this.#launch, this.#rights, this.#group, signal, limitMs);
    if (signal === 'KILL') this.#killed ||= sent;
  }

  #end(refused?: OrchError): void {
    // A refused command never began: nothing must be killed.
    if (refused !== undefined) this.#killed = true;
    this.#finish(() => {
      if (this.#stopped !== undefined) void this.#killLast(this.#stopped);
      else if (this.#exit === undefined) this.#ended.reject(lostChannel());
      else if (refused !== undefined) this.#ended.reject(refused);
      else this.#ended.resolve(this.#exit);
    });
  }

  #finish(settle: () => void): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    settle();
    this.#shell?.abandon();
  }

  /** The leader has ended, but one of its children may not. */
  async #killLast({ killed, says }: KillReason): Promise<void> {
    await this.#kill('KILL', GRACE_MS);
    this.#ended.reject(this.#killed ? killed : unkilled(killed, says, this.#group));
  }
}

const interrupted = (): KillReason => {
  const says = 'the command was interrupted';
  return { says, killed: new OrchError('INTERRUPTED', `${says} and its process group killed`) };
};

const timedOut = (how: string): KillReason => {
  const says = `the command ${how}`;
  const hint = 'raise its time limit if it needs longer';
  return { says, killed: new OrchError('TIMED_OUT', `${says}; its process group was killed`, { hint }) };
};

const lostChannel = (): OrchError =>
  new OrchError('CONNECTION_LOST', 'the connection closed before the command ended', {
    hint: 'the result of the command is unknown; run the same command to resume',
    retryable: true,
  });

const unreadable = (error: unknown): KillReason => {
  const says = `what was to be sent could not be read: ${String(error)}`;
  const hint = 'check that the file is still there, and not being written by something else; then run again';
  const killed =
    error instanceof OrchError ? error : new OrchError('LOCAL_FILE_UNREADABLE', says, { hint, cause: error });
  return { says: killed.message, killed };
};
