import { expect } from 'vitest';
import type { Data } from '../../src/core/base/data.ts';
import type { Connection } from '../../src/core/host/connection.ts';
import { diff } from '../../src/core/task/diff.ts';
import type { Task } from '../../src/core/task/task.ts';

/** A host to carry tasks out on, and its clock. */
export interface TaskWorld {
  readonly host: Connection;
  wait(ms: number): Promise<void>;
}

const context = { local: undefined, see: () => Promise.reject(new Error('sees no other')) as never };
const silent = { warn: () => undefined, progress: () => undefined, aboutToStop: async () => undefined };

/** Reads, writes and reads again, as the engine does it; returns the paths that were to change. */
export async function apply<S extends Data>({ host }: TaskWorld, task: Task<unknown, S>): Promise<readonly string[]> {
  const plan = async () => {
    const before = await task.bound.read(host, undefined);
    const after = task.bound.want(before, context);
    return { before, after, differences: diff(before, after) };
  };
  const change = await plan();
  if (change.differences.length > 0) await task.bound.write(change, host, undefined, silent);
  expect((await plan()).differences).toEqual([]);
  return change.differences.map(({ path }) => path);
}

/** The result of a task that only reads. */
export async function look<R, S extends Data>({ host }: TaskWorld, task: Task<R, S>): Promise<R> {
  const state = await task.bound.read(host, undefined);
  // The engine's reply to `yield*`, of the task's own type.
  return task.bound.result(state as S) as R;
}

/** A gate: checked until it passes or its timeout. */
export async function wait<S extends Data>(world: TaskWorld, task: Task<unknown, S>): Promise<void> {
  const { withinMs, everyMs } = task.bound.patience();
  for (let waited = 0; ; waited += everyMs) {
    const now = await task.bound.read(world.host, undefined);
    if (diff(now, task.bound.want(now, context)).length === 0) return;
    if (waited >= withinMs) throw task.bound.unmet(now);
    await world.wait(everyMs);
  }
}

/**
 * The same host, with `meet` awaited before change number `nth` of a file (from 1): an action of another process at this
 * very moment. If it throws, the controller is killed there. Changes of other files do not count.
 */
export function meeting(host: Connection, path: string, nth: number, meet: () => Promise<unknown>): Connection {
  let calls = 0;
  return new Proxy(host, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'swapFile') return value.bind(target);
      return async (...words: readonly unknown[]): Promise<unknown> => {
        if (words[0] === path && ++calls === nth) await meet();
        return await value.apply(target, words);
      };
    },
  });
}

/** The same host; the controller is killed before this change of the file. */
export const killedAt = (host: Connection, path: string, nth: number): Connection =>
  meeting(host, path, nth, () => Promise.reject(new Error('killed')));
