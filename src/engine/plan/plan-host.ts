import type { Clock } from '../../core/base/clock.ts';
import type { Data } from '../../core/base/data.ts';
import { isConnectionLost, located, OrchError } from '../../core/base/errors.ts';
import type { Connection } from '../../core/host/connection.ts';
import type { Locks } from '../../core/host/locks.ts';
import type { Change } from '../../core/task/change.ts';
import { diff } from '../../core/task/diff.ts';
import { NotYet } from '../../core/task/later.ts';
import type { See, Task } from '../../core/task/task.ts';
import type { Hosts } from './hosts.ts';
import type { Locals } from './locals.ts';
import type { ReadAhead, Reading } from './read-ahead.ts';

export type TaskPlan =
  | { readonly status: 'ok'; readonly state: Data | null }
  | { readonly status: 'change'; readonly change: Change<Data> }
  | { readonly status: 'unknown'; readonly why: string }
  /** An error of `read` is provisional: an earlier task may fix it. An error of `want` is a bug and final. */
  | { readonly status: 'error'; readonly error: OrchError; readonly final: boolean };

/** A task with its latest plan. Each reading replaces the plan; the entry stays. */
export interface Entry {
  readonly task: Task;
  plan: TaskPlan;
  /** A gate whose time was up, with `onTimeout: 'warn'`. */
  timedOut: boolean;
  /** The planner's age at the reading. Only plans made after the last write or wait may be acted upon. */
  readAt: number;
}

export interface Planner {
  readonly host: string;
  readonly hosts: Hosts;
  readonly locals: Locals;
  readonly locks?: Locks;
  /** All entries of this host so far, for `see`. */
  readonly entries: readonly Entry[];
  readonly ahead: ReadAhead;
  /** Number of this host's writes and waits. */
  age: number;
}

/** An entry for a task that has not been read yet. */
export const unread = (task: Task): Entry => ({
  task,
  plan: { status: 'unknown', why: 'it was read' },
  timedOut: false,
  readAt: -1,
});

/** The connection of a task: the play's host, or the host of `delegate`. */
export const connectionFor = (planner: Planner, task: Task): Promise<Connection> =>
  planner.hosts.get(task.on ?? planner.host);

/** Reads these entries in one batch and plans them in order. A lost connection is opened again once. */
export async function planEntries(planner: Planner, batch: readonly Entry[]): Promise<void> {
  const { age } = planner;
  const tasks = batch.map(({ task }) => task);
  const readings = await readAll(planner, tasks);
  batch.forEach((entry, i) => {
    const reading = readings[i];
    if (reading === undefined) return;
    entry.plan = planOf(planner, entry, reading);
    entry.readAt = age;
  });
}

/**
 * Like `planEntries`, for new entries: uses their readings from `ReadAhead`, and reads along what later plays need from
 * this host.
 */
export async function planFirst(planner: Planner, batch: readonly Entry[]): Promise<void> {
  const { ahead, host } = planner;
  const kept = batch.map(({ task }) => ahead.take(host, task));
  const along = ahead.along(
    host,
    batch.map(({ task }) => task),
  );
  const readings = await readAll(planner, [...batch.flatMap(({ task }, i) => (kept[i] ? [] : [task])), ...along]);
  const fresh = readings.values();
  batch.forEach((entry, i) => {
    const value = kept[i];
    const reading = value === undefined ? fresh.next().value : ({ status: 'fulfilled', value } as const);
    if (reading === undefined) return;
    entry.plan = planOf(planner, entry, reading);
    entry.readAt = planner.age;
  });
  for (const task of along) {
    const reading = fresh.next().value;
    if (reading?.status === 'fulfilled') ahead.keep(host, task, reading.value);
  }
}

/** Delay before a failed read is retried. */
const AGAIN_MS = 500;

/** Retries failed reads that may succeed. */
export async function retryReads(planner: Planner, clock: Clock, entries: readonly Entry[]): Promise<void> {
  const failed = entries.filter(({ plan }) => plan.status === 'error' && !plan.final && plan.error.retryable);
  if (failed.length === 0) return;
  await clock.sleep(AGAIN_MS);
  await planEntries(planner, failed);
}

async function readAll(planner: Planner, tasks: readonly Task[]): Promise<PromiseSettledResult<Reading>[]> {
  const used = new Map<string, Connection>();
  const readings = await readOnce(planner, tasks, used);
  const lost = new Set(readings.flatMap((reading, i) => (wasLost(reading) ? [tasks[i]?.on ?? planner.host] : [])));
  if (lost.size === 0) return readings;
  await Promise.allSettled([...lost].map((host) => planner.hosts.reconnect(host, used.get(host))));
  return readOnce(planner, tasks, used);
}

const wasLost = (reading: PromiseSettledResult<Reading>): boolean =>
  reading.status === 'rejected' && isConnectionLost(reading.reason);

/** `used` gets the connection that each host was read by. */
const readOnce = (
  planner: Planner,
  tasks: readonly Task[],
  used: Map<string, Connection>,
): Promise<PromiseSettledResult<Reading>[]> =>
  Promise.allSettled(
    tasks.map(async (task) => {
      if (task.blocked !== undefined) throw new NotYet(task.blocked.why);
      const [connection, local] = await Promise.all([connectionFor(planner, task), planner.locals.of(task)]);
      used.set(task.on ?? planner.host, connection);
      return { now: await task.bound.read(connection, local), local };
    }),
  );

function planOf(planner: Planner, { task, timedOut }: Entry, reading: PromiseSettledResult<Reading>): TaskPlan {
  const where = { host: task.on ?? planner.host, task: task.title };
  if (reading.status === 'rejected') {
    if (reading.reason instanceof NotYet) return { status: 'unknown', why: reading.reason.why };
    return { status: 'error', error: located(reading.reason, where), final: false };
  }
  const earlier = planner.ahead.pending.before(planner.host, task);
  if (earlier !== undefined) return { status: 'unknown', why: earlier.title };
  try {
    const { now, local } = reading.value;
    const after = task.bound.want(now, { local, see: seeIn(planner) });
    const differences = diff(now, after);
    if (differences.length === 0 || timedOut) return { status: 'ok', state: now };
    return { status: 'change', change: { before: now, after, differences } };
  } catch (error) {
    if (error instanceof NotYet) return { status: 'unknown', why: error.why };
    return { status: 'error', error: located(error, where), final: true };
  }
}

/** Returns the desired state of a dependency, from its latest plan. */
function seeIn(planner: Planner): See {
  return <S extends Data>(task: Task<unknown, S>): S => {
    const entry = planner.entries.find((candidate) => (candidate.task as unknown) === task);
    if (entry === undefined)
      throw new OrchError('TASK_NOT_YIELDED', `${task.title} is used before it is yielded`, {
        hint: 'yield it earlier in the same play',
      });
    const { plan } = entry;
    if (plan.status === 'unknown' || plan.status === 'error') throw new NotYet(task.title);
    const state = plan.status === 'ok' ? plan.state : plan.change.after;
    if (state === null)
      throw new OrchError('DEPENDS_ON_ABSENT', `${task.title} is to be absent, and another task depends on it`);
    // The plan belongs to this very task, so its state has this task's type.
    return state as S;
  };
}
