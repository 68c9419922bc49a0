import { systemClock } from '../../src/core/base/clock.ts';
import type { NumberedEvent } from '../../src/core/event/event.ts';
import type { Connection } from '../../src/core/host/connection.ts';
import type { Task } from '../../src/core/task/task.ts';
import { emitter } from '../../src/engine/emit.ts';
import { Hosts } from '../../src/engine/plan/hosts.ts';
import { Locals } from '../../src/engine/plan/locals.ts';
import { runPlaybook } from '../../src/engine/run-playbook.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { onePlay } from '../support/cluster/run-fake.ts';

/** Runs tasks with the real engine on one real host: `status title` of each, and the codes of all errors. */
export async function runOn(
  connection: () => Promise<Connection>,
  tasks: () => Generator<Task>,
): Promise<readonly string[]> {
  const events: NumberedEvent[] = [];
  await using hosts = new Hosts(connection);
  await runPlaybook(
    {
      hosts,
      locals: new Locals(localFiles()),
      clock: systemClock,
      emit: emitter(systemClock, [(event: NumberedEvent) => events.push(event)]),
      check: false,
      diff: false,
      forks: 1,
      urgent: new AbortController().signal,
      signal: new AbortController().signal,
    },
    {
      title: 'test',
      cluster: 'test',
      plays: onePlay(tasks),
      select: () => [{ name: 'here', address: '127.0.0.1', groups: [], vars: {} }],
    },
  );
  return events.flatMap((event) => {
    if (event.type === 'task.end') return [`${event.status} ${event.kind}`];
    return event.type === 'run.end' ? event.errors.map(({ code, message }) => `${code} ${message}`) : [];
  });
}
