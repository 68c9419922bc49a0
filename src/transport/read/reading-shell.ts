import { formatDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import { HOST_FUNCTIONS } from '../shell/host-functions.ts';
import { killGroup, unkilled } from '../shell/kill-group.ts';
import { type Shell, startShell } from '../shell/shell.ts';
import type { Launch, Rights } from '../shell/shell-process.ts';
import { type Frame, FrameCollector, frame, frameLoop } from './frames.ts';
import { ShellEnded } from './shell-errors.ts';

interface ShellScript {
  readonly script: string;
  /** The script's whole stdin, held in memory on both sides. */
  readonly input?: Uint8Array;
  /** See `frame`. */
  readonly inside?: boolean;
  /** Limit in milliseconds, from the script's start. */
  readonly timeoutMs?: number;
  /** Limit for a time without output, likewise. */
  readonly idleMs?: number;
}

export interface ShellAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Controller's clock, milliseconds: when the script was sent and when the first output arrived. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

/**
 * One persistent shell on the host that runs scripts in order: one session and one sudo for all of them. Only for
 * api7-orch's own short scripts that are safe to repeat; scripts that may hang get their own channel.
 */
export interface ReadingShell {
  /**
   * @throws OrchError CONNECTION_LOST | CHANNEL_REFUSED | TIMED_OUT | READ_FAILED | REPLY_TOO_LARGE | CONNECT_SUDO_… | CONNECT_SHELL_REFUSED
   */
  run(script: ShellScript): Promise<ShellAnswer>;
  close(): void;
}

/** `onSession` is called when the shell starts and stops to use a session of the connection. */
export function readingShell(launch: Launch, rights: Rights, onSession: (open: boolean) => void): ReadingShell {
  let lane: ShellSession | undefined;
  const current = (): ShellSession => {
    if (lane === undefined) {
      onSession(true);
      const fresh: ShellSession = new ShellSession(launch, rights, () => {
        onSession(false);
        if (lane === fresh) lane = undefined;
      });
      lane = fresh;
    }
    return lane;
  };
  return {
    run: async (script) => {
      try {
        return await current().run(script);
      } catch (error) {
        // After the end of the shell for any reason, a repeatable script gets one more try in a new one.
        if (!(error instanceof ShellEnded)) throw error;
        return await current()
          .run(script)
          .catch((again: unknown) => {
            throw again instanceof ShellEnded ? again.asError() : again;
          });
      }
    },
    close: () => lane?.end(),
  };
}

interface PendingScript {
  readonly script: ShellScript;
  readonly out: FrameCollector;
  readonly err: FrameCollector;
  readonly sentAt: number;
  answeredAt: number;
  resolve(answer: ShellAnswer): void;
  reject(error: unknown): void;
}

/** One shell with the scripts sent to it, in order. */
class ShellSession {
  #shell: Promise<Shell> | undefined;
  readonly #launch: Launch;
  readonly #rights: Rights;
  readonly #onEnd: () => void;
  readonly #pending: PendingScript[] = [];
  #group: number | undefined;
  #started = false;
  #over = false;
  #limits: readonly NodeJS.Timeout[] = [];
  #idle: NodeJS.Timeout | undefined;

  constructor(launch: Launch, rights: Rights, onEnd: () => void) {
    this.#launch = launch;
    this.#rights = rights;
    this.#onEnd = onEnd;
  }

  run(script: ShellScript): Promise<ShellAnswer> {
    const framed = frame(script.script, script.input, script);
    const { token } = framed;
    return new Promise<ShellAnswer>((resolve, reject) => {
      const sentAt = Date.now();
      const collectors = {
        out: new FrameCollector(token, LIMITS.reads),
        err: new FrameCollector(token, LIMITS.readErrors),
      };
      this.#pending.push({ script, ...collectors, sentAt, answeredAt: 0, resolve, reject });
      if (this.#pending.length === 1) this.#begin();
      this.#send(script, framed);
    });
  }

  /**
   * Writes the script at once, ahead of its start: the shell reads it in time. The first script may come with the
   * shell.
   */
  #send({ script, input }: ShellScript, { token, bytes }: Frame): void {
    const travelsAlong = this.#shell === undefined && (input === undefined || input.length === 0);
    this.#shell ??= this.#start(
      travelsAlong ? frameLoop(HOST_FUNCTIONS, { script, token }) : frameLoop(HOST_FUNCTIONS),
    );
    if (travelsAlong) return;
    this.#shell.then(
      (shell) => void (this.#over || shell.stdin.write(bytes)),
      () => {},
    );
  }

  #start(loop: string): Promise<Shell> {
    // An idle shell gives up its session if another one is needed; the next script starts a new shell.
    const lasting: Launch = async (line) => {
      const process = await this.#launch(line, { lasting: true, release: () => this.#release() });
      this.#started = true;
      this.#begin();
      return process;
    };
    const shell = startShell(lasting, this.#rights, loop, {
      begun: (group) => {
        this.#group = group;
      },
      heard: () => void this.#idle?.refresh(),
      stdout: (bytes) => this.#heard('out', bytes),
      stderr: (bytes) => this.#heard('err', bytes),
      close: (error) => this.#fail(error ?? this.#ended()),
      lost: (error) => this.#fail(error),
    });
    shell.catch((error: Error) => this.#fail(error));
    return shell;
  }

  #release(): boolean {
    if (this.#pending.length > 0) return false;
    this.end();
    return true;
  }

  end(): void {
    this.#fail(
      new OrchError('CONNECTION_LOST', 'the connection has been closed', { hint: 'run the same command to resume' }),
    );
  }

  #begin(): void {
    // The session may have to wait: a script's time begins once it is open.
    if (!this.#started || this.#over) return;
    for (const limit of this.#limits) clearTimeout(limit);
    const { timeoutMs, idleMs } = this.#pending[0]?.script ?? {};
    this.#idle = idleMs === undefined ? undefined : setTimeout(() => this.#timeOut('sent nothing for', idleMs), idleMs);
    const total =
      timeoutMs === undefined ? undefined : setTimeout(() => this.#timeOut('did not end within', timeoutMs), timeoutMs);
    this.#limits = [this.#idle, total].filter((limit) => limit !== undefined);
  }

  #heard(stream: 'out' | 'err', bytes: Buffer): void {
    const pending = this.#pending[0];
    if (pending === undefined) return;
    if (pending.answeredAt === 0) pending.answeredAt = Date.now();
    // The two streams may be at different frames: each collector keeps the bytes after its own end mark.
    try {
      pending[stream].push(bytes);
      this.#advance();
    } catch (error) {
      this.#breakOff(() => error);
    }
  }

  #advance(): void {
    for (;;) {
      const pending = this.#pending[0];
      const out = pending?.out.end;
      const err = pending?.err.end;
      if (pending === undefined || out === undefined || err === undefined) return;
      this.#pending.shift();
      const { sentAt, answeredAt } = pending;
      pending.resolve({ code: out.code, stdout: out.body, stderr: err.body, sentAt, answeredAt });
      this.#begin();
      const next = this.#pending[0];
      if (next !== undefined) {
        next.answeredAt = Date.now();
        if (out.rest.length > 0) next.out.push(out.rest);
        if (err.rest.length > 0) next.err.push(err.rest);
      }
    }
  }

  #timeOut(how: string, ms: number): void {
    const group = this.#group;
    const says = `reading the host ${how} ${formatDuration(ms)}`;
    const hint = 'look for a file system on the host that does not respond (df, mount)';
    const killed = new OrchError('TIMED_OUT', `${says}; its shell was killed`, { hint, retryable: true });
    this.#breakOff((isKilled) => (isKilled ? killed : unkilled(killed, says, group)));
  }

  /** Kills the shell because of its current script; the other scripts go to a new shell. */
  #breakOff(why: (isKilled: boolean) => unknown): void {
    const pending = this.#pending.shift();
    const group = this.#group;
    const kill = group === undefined ? Promise.resolve(false) : killGroup(this.#launch, this.#rights, group, 'KILL');
    void kill.then((isKilled) => pending?.reject(why(isKilled)));
    this.#fail(this.#ended());
  }

  #ended(): ShellEnded {
    return new ShellEnded(this.#pending[0]?.err.partial.toString() ?? '');
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    for (const limit of this.#limits) clearTimeout(limit);
    this.#shell?.then(
      (shell) => {
        shell.stdin.end();
        shell.abandon();
      },
      () => {},
    );
    this.#onEnd();
    for (const pending of this.#pending.splice(0)) pending.reject(error);
  }
}
