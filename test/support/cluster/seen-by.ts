import type { Connection } from '../../../src/core/host/connection.ts';
import type { Task } from '../../../src/core/task/task.ts';

/** What a gate or a query sees on a host now. `V` is what its type's `look` returns. */
export async function seenBy<V>(task: Task, host: Connection): Promise<V> {
  const state = await task.bound.read(host, undefined);
  return (state as unknown as { readonly seen: V }).seen;
}
