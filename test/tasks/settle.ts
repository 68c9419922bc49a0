import type { Data } from '../../src/core/base/data.ts';
import type { Change } from '../../src/core/task/change.ts';
import { type Difference, diff } from '../../src/core/task/diff.ts';
import type { Task } from '../../src/core/task/task.ts';
import type { FakeHost } from '../../src/testing/fake-host.ts';

const see = (): never => {
  throw new Error('this task sees no other');
};

/** Reads and plans one task, as the engine does it. */
export async function plan<S extends Data>(task: Task<unknown, S>, host: FakeHost): Promise<Change<S>> {
  const before = await task.bound.read(host, undefined);
  const after = task.bound.want(before, { local: undefined, see });
  return { before, after, differences: diff(before, after) };
}

/** Applies one task and plans it again: no change may remain. */
export async function settle<S extends Data>(
  task: Task<unknown, S>,
  host: FakeHost,
): Promise<{ readonly did: readonly Difference[]; readonly left: readonly Difference[] }> {
  const change = await plan(task, host);
  if (change.differences.length > 0) await task.bound.write(change, host, undefined, silent);
  return { did: change.differences, left: (await plan(task, host)).differences };
}

const silent = { warn: () => undefined, progress: () => undefined, aboutToStop: async () => undefined };

export const paths = (differences: readonly Difference[]): readonly string[] => differences.map(({ path }) => path);

export const ROOT = { owner: 'root', group: 'root' } as const;
