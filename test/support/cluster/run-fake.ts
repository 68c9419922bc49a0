import type { Clock } from '../../../src/core/base/clock.ts';
import { defined } from '../../../src/core/base/data.ts';
import { OrchError } from '../../../src/core/base/errors.ts';
import type { NumberedEvent, RunEvent } from '../../../src/core/event/event.ts';
import type { Host } from '../../../src/core/host/host.ts';
import { type Plays, play } from '../../../src/core/play/play.ts';
import type { Fleet } from '../../../src/core/play/rolling.ts';
import type { LocalFiles } from '../../../src/core/task/local-files.ts';
import type { Steps } from '../../../src/core/task/task.ts';
import { emitter } from '../../../src/engine/emit.ts';
import { Hosts } from '../../../src/engine/plan/hosts.ts';
import { Locals } from '../../../src/engine/plan/locals.ts';
import type { RollFlags } from '../../../src/engine/roll/run-context.ts';
import { type RunReport, runPlaybook } from '../../../src/engine/run-playbook.ts';
import { localFiles } from '../../../src/local/local-files.ts';
import type { FakeHost } from '../../../src/testing/fake-host.ts';
import { errorsIn, rowsIn } from '../base/events.ts';

/** A clock that advances only during sleeps. */
export function virtualClock(onSleep?: (now: number) => void): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      onSleep?.(now);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** The same for simultaneous sleepers: time advances to the next wake-up when no other work is pending. */
export function sharedClock(onWake?: (now: number) => void): Clock {
  let now = 0;
  let sleepers: { readonly at: number; wake(): void }[] = [];
  const idle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  let moving = false;
  const move = async (): Promise<void> => {
    if (moving) return;
    moving = true;
    for (await idle(); sleepers.length > 0; await idle()) {
      now = Math.min(...sleepers.map(({ at }) => at));
      onWake?.(now);
      const due = sleepers.filter(({ at }) => at <= now);
      sleepers = sleepers.filter(({ at }) => at > now);
      for (const { wake } of due) wake();
    }
    moving = false;
  };
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal.reason);
        });
        void move();
      }),
  };
}

export interface FakeRun {
  readonly report: RunReport;
  readonly events: readonly NumberedEvent[];
  /** `status title` of every task.end, in order. */
  readonly rows: readonly string[];
  /** Codes of all errors. */
  readonly codes: readonly string[];
}

export interface FakeRunOptions {
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly forks?: number;
  readonly clock?: Clock;
  readonly files?: LocalFiles;
  /** Hosts that refuse connections. */
  readonly dead?: readonly string[];
  readonly signal?: AbortSignal;
  readonly urgent?: AbortSignal;
  readonly fleet?: Fleet;
  readonly rollFlags?: RollFlags;
  readonly ask?: (question: string) => Promise<boolean>;
  readonly outage?: (what: string) => Promise<boolean>;
  readonly onEvent?: (event: RunEvent) => void;
  readonly restoreCommand?: (node: string) => string;
  readonly startCommand?: (node: string) => string;
  /** Default: every fake host by its name; patterns are names with commas, or `all`. */
  readonly select?: (pattern: string) => readonly Host[];
  /** Called for each request of a connection, also of an open one; throwing there refuses it. */
  readonly connecting?: (name: string) => void;
}

/** Runs plays with the real engine over fake hosts. */
export async function runPlays(
  hosts: readonly FakeHost[],
  plays: () => Plays,
  options: FakeRunOptions = {},
): Promise<FakeRun> {
  const events: NumberedEvent[] = [];
  const clock = options.clock ?? virtualClock();
  const byName = new Map(hosts.map((host) => [host.name, host]));
  const info = hosts.map((host): Host => ({ name: host.name, address: '10.0.0.1', groups: [], vars: {} }));
  const connect = async (name: string) => {
    const host = byName.get(name);
    if (host === undefined || options.dead?.includes(name)) throw new OrchError('CONNECT_REFUSED', `${name} refused`);
    return host;
  };
  await using open = new Hosts(connect);
  const get = open.get.bind(open);
  open.get = async (name) => {
    options.connecting?.(name);
    return get(name);
  };
  const listeners = [(event: NumberedEvent) => events.push(event), (event: NumberedEvent) => options.onEvent?.(event)];
  const report = await runPlaybook(
    {
      hosts: open,
      locals: new Locals(options.files ?? localFiles()),
      clock,
      emit: emitter(clock, listeners),
      check: options.check ?? false,
      diff: options.diff ?? false,
      forks: options.forks ?? 20,
      signal: options.signal ?? new AbortController().signal,
      urgent: options.urgent ?? new AbortController().signal,
      ...defined({
        fleet: options.fleet,
        rollFlags: options.rollFlags,
        ask: options.ask,
        outage: options.outage,
        restoreCommand: options.restoreCommand,
        startCommand: options.startCommand,
      }),
      onNetwork: (listener) => open.onNetwork(listener),
    },
    {
      title: 'test',
      cluster: 'test',
      plays,
      select:
        options.select ??
        ((pattern) => info.filter(({ name }) => pattern === 'all' || pattern.split(',').includes(name))),
    },
  );
  return {
    report,
    events,
    rows: rowsIn(events),
    codes: errorsIn(events).map(({ code }) => code),
  };
}

/** One play with one program for every host. */
export const onePlay =
  (tasks: (host: Host) => Steps<unknown>): (() => Plays) =>
  () =>
    (function* (): Plays {
      yield* play({ name: 'play', hosts: 'all', tasks });
    })();
