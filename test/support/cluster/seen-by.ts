import type { Connection } from '../../../src/core/host/connection.ts';
import type { Task } from '../../../src/core/task/task.ts';

/** The current view of a gate or a query on a host. `V` is the result of its type's `look`. */
export async function seenBy<V>(task: Task, host: Connection): Promise<V> {
  const state = await task.bound.read(host, undefined);
  return (state as unknown as { readonly seen: V }).seen;
}
