import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../core/base/clock.ts';
import { defined } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Emit } from '../core/event/event.ts';
import { EXIT_CODES } from '../core/event/exit-codes.ts';
import type { LockScope } from '../core/host/lock-scope.ts';
import { emitter } from '../engine/emit.ts';
import { type Connect, Hosts } from '../engine/plan/hosts.ts';
import { journalDirectory, openJournal } from '../journal/journal.ts';
import { operatorName } from '../local/operator.ts';
import { hasEnded, thisProcess } from '../local/this-process.ts';
import { RunLocks } from '../lock/run-locks.ts';
import { chooseRenderer, type OutputForm } from '../render/choose.ts';
import type { Ask } from '../transport/ssh/ask.ts';
import { BugStop } from './bug-stop.ts';
import { connectTo, openSshConfig, type Reachable } from './connect.ts';
import { destinations } from './destinations.ts';
import { interruptSignal } from './interrupt.ts';
import { environmentLockTimes } from './lock/times.ts';
import { newHostKeyNotice } from './new-host-key-notice.ts';
import { positiveInteger } from './positive-integer.ts';
import { printLine } from './print/print-line.ts';
import { type AskedPasswords, askedPasswords, type PasswordFlags } from './prompt/asked-passwords.ts';
import { terminalAsk } from './prompt/prompt.ts';

/** Flags of every verb that connects to hosts. */
export interface SessionFlags extends PasswordFlags {
  readonly inventory: string;
  readonly forks: string;
  readonly acceptNewHostKeys?: boolean;
}

/** Flags of every verb that changes nothing. */
export interface ReadFlags extends SessionFlags {
  readonly output?: 'table' | 'json';
}

/** What a verb uses outside of this process; tests pass their own. */
export interface CliEnvironment {
  readonly connect?: Connect;
  readonly stdout?: NodeJS.WriteStream;
  readonly stderr?: NodeJS.WriteStream;
  readonly clock?: Clock;
}

export interface SessionOptions {
  readonly inventory: Reachable;
  /** Hosts that the verb may connect to. Their routes are checked before any output. */
  readonly hosts: readonly string[];
  readonly flags: SessionFlags;
  /** Whether the first Ctrl-C lets running nodes reach a safe point. */
  readonly safePoint: boolean;
  /** How events are printed. Verbs without it print their own result. */
  readonly view?: { readonly output?: OutputForm; readonly verbose?: boolean; readonly diff?: boolean };
  /** Title in the journal. Without it the run has no journal. */
  readonly record?: string;
  /** Overrides the inventory: run as root, or as the login user. */
  readonly become?: boolean;
  readonly environment?: CliEnvironment;
  /** The verb changes hosts, so it takes their locks. */
  readonly locks?: LockSettings;
  /** Passwords from an earlier session of the same command: they are not asked again. */
  readonly passwords?: AskedPasswords;
}

interface LockSettings {
  /** Id of the run, as in its leases. */
  readonly run: string;
  /** `run install`. */
  readonly verb: string;
  readonly waitMs: number;
  scope(names: readonly string[]): LockScope;
}

/** One invocation: its connections, view, journal and interrupts. Closes them in reverse order. */
export interface Session extends AsyncDisposable {
  readonly hosts: Hosts;
  /** Hosts processed in parallel. */
  readonly forks: number;
  readonly clock: Clock;
  readonly emit: Emit;
  /** First Ctrl-C, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** The second one. Without a safe point the same as `signal`. */
  readonly urgent: AbortSignal;
  readonly ask: Ask;
  readonly passwords: AskedPasswords;
  /** Set for a verb that changes hosts. */
  readonly locks: RunLocks | undefined;
  /** Settles when a slow reader of the output has caught up; undefined if it has. */
  ready(): Promise<void> | undefined;
}

/**
 * Opens a session: resolves routes, asks for passwords, then starts the view, the journal and the interrupts. Connects
 * to a host at its first use.
 *
 * @throws OrchError USAGE | CONNECT_CONFIG_… | CONNECT_JUMP_… | NO_TERMINAL
 * @example await using session = await openSession({ inventory, hosts: ['gw-1'], flags, safePoint: false });
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { inventory, flags, safePoint, view, record, become, environment = {} } = options;
  const { connect, clock = systemClock, stdout = process.stdout } = environment;
  const { stderr } = process;
  const forks = positiveInteger('--forks', flags.forks);
  const config = openSshConfig();
  if (connect === undefined) await destinations(inventory, options.hosts, config);
  // Before any output and interrupt handling: here Ctrl-C ends the process.
  const passwords = options.passwords ?? (await askedPasswords(flags, terminalAsk()));
  const renderer =
    view && chooseRenderer({ stdout, stderr, ...view, verbose: view.verbose ?? false, diff: view.diff ?? false });
  const journal =
    record === undefined
      ? undefined
      : openJournal(journalDirectory(), {
          title: record,
          onFault: (text) => printLine(stderr, `warning: ${text}`),
        });
  const interrupt = interruptSignal(stderr, { safePoint });
  const emit = emitter(clock, [
    (event) => journal?.event(event),
    (event) => renderer?.event(event),
    (event) => bugStop.follow(event),
  ]);
  const bugStop = new BugStop({
    stderr,
    stop: interrupt.stop,
    emit,
    flush: async () => await renderer?.close(),
    release: () => locks?.release(),
    journal: journal?.file,
  });
  const urgent = safePoint ? interrupt.urgent : interrupt.signal;
  // After the first interrupt nothing is asked any more: an open question ends.
  const ask = terminalAsk({ signal: interrupt.signal, ...(renderer?.hold && { hold: renderer.hold }) });
  const locks =
    options.locks &&
    new RunLocks({
      owner: {
        token: randomBytes(16).toString('hex'),
        run: options.locks.run,
        by: operatorName(),
        verb: options.locks.verb,
        ...defined({ process: thisProcess() }),
      },
      clock,
      waitMs: options.locks.waitMs,
      signal: interrupt.signal,
      times: environmentLockTimes(),
      scope: options.locks.scope,
      hasEnded,
      onStop: ({ by, reason }) => {
        emit({ type: 'warning', message: `${by} asks this run to stop (${reason}): it comes to a safe point` });
        interrupt.finish(new OrchError('INTERRUPTED', `stopped at the request of ${by}`));
      },
      onFenced: (error) => interrupt.stop(error),
      say: (message, host) => emit({ type: 'warning', message, ...defined({ host }) }),
    });
  const open =
    connect ??
    connectTo(inventory, {
      acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
      onNewHostKey: newHostKeyNotice(stderr),
      ask,
      ...passwords,
      config,
      signal: urgent,
      ...defined({ become }),
    });
  const hosts = new Hosts(locks === undefined ? open : locks.connecting(open), { signal: urgent });
  return {
    hosts,
    forks,
    clock,
    emit,
    signal: interrupt.signal,
    urgent,
    ask,
    passwords,
    locks,
    ready: () => renderer?.ready?.(),
    async [Symbol.asyncDispose]() {
      interrupt.dispose();
      try {
        await locks?.release();
        await renderer?.close();
        await hosts[Symbol.asyncDispose]();
      } finally {
        bugStop[Symbol.dispose]();
        journal?.[Symbol.dispose]();
      }
    },
  };
}

/** Exit code of a verb that this signal has ended. */
export const endedBy = ({ reason }: AbortSignal): number =>
  reason instanceof OrchError && reason.code === 'INTERNAL' ? EXIT_CODES.internal : EXIT_CODES.interrupted;

/**
 * Runs read-only work, and stops waiting for it at the first Ctrl-C.
 *
 * @returns the result of the work, 6, or 70 after an uncaught error
 */
export async function untilInterrupted({ signal }: Session, work: () => Promise<number>): Promise<number> {
  const stopped = new Promise<number>((resolve) => {
    signal.addEventListener('abort', () => resolve(endedBy(signal)), { once: true });
  });
  try {
    return await Promise.race([work(), stopped]);
  } catch (error) {
    if (signal.aborted) return endedBy(signal);
    throw error;
  }
}
