import { OrchError } from '../../core/base/errors.ts';
import type { Host } from '../../core/host/host.ts';
import type { Play, Plays } from '../../core/play/play.ts';
import { overlaps } from '../../core/task/claim.ts';
import { laterResult } from '../../core/task/later.ts';
import type { Task } from '../../core/task/task.ts';
import { isSame } from './pending-changes.ts';
import { nextSegment } from './program.ts';

/** One play as it will run: its hosts, and each host's tasks as found offline. */
export interface PlannedPlay {
  readonly play: Play;
  readonly hosts: readonly Host[];
  readonly tasks: ReadonlyMap<string, readonly Task[]>;
}

/**
 * Runs every host's program once without any connection, to check parameters, claims and dependencies. A wrong playbook
 * is refused before the first host is changed. Claims must not overlap within one play. A later play may desire another
 * state for the same claim, because plays run one after another.
 *
 * @throws OrchError CLAIM_OVERLAP | TASK_NOT_YIELDED | TASK_PARAMS
 */
export function enumerate(plays: Plays, select: (pattern: string) => readonly Host[]): readonly PlannedPlay[] {
  const planned: PlannedPlay[] = [];
  let answer: unknown;
  for (;;) {
    const step = plays.next(answer);
    if (step.done) return planned;
    const hosts = select(step.value.options.hosts);
    const tasks = new Map(hosts.map((host) => [host.name, tasksOf(step.value, host)]));
    const claimed = new Map<string, Task[]>();
    for (const [host, stated] of tasks)
      for (const task of stated) {
        refuseElsewhere(task, host);
        claim(claimed, task.on ?? host, task);
      }
    planned.push({ play: step.value, hosts, tasks });
    answer = new Map(hosts.map((host) => [host.name, laterResult(`play "${step.value.options.name}"`)]));
  }
}

function tasksOf(play: Play, host: Host): readonly Task[] {
  const steps = play.options.tasks(host);
  const seen: Task[] = [];
  for (let answer: unknown; ; ) {
    const segment = nextSegment(steps, answer);
    for (const task of segment.tasks) {
      const missing = task.uses.find((used) => !seen.includes(used));
      if (missing !== undefined)
        throw new OrchError(
          'TASK_NOT_YIELDED',
          `${task.title} uses ${missing.title}, which was not yielded before it`,
          {
            host: host.name,
            task: task.title,
            hint: `yield that task first in play "${play.options.name}"`,
          },
        );
      seen.push(task);
    }
    if (segment.done) return seen;
    answer = laterResult(segment.tasks.at(-1)?.title ?? 'a task');
  }
}

/** Refuses a disruptive change of another host: that host would not be drained. */
function refuseElsewhere(task: Task, host: string): void {
  if (task.on === undefined || task.on === host || task.type.gate || task.type.impact === 'none') return;
  throw new OrchError(
    'DELEGATED_IMPACT',
    `${task.title} may change what ${task.on} serves, in the program of ${host}`,
    {
      host,
      task: task.title,
      hint: `state it in a play of ${task.on}`,
    },
  );
}

function claim(claimed: Map<string, Task[]>, host: string, task: Task): void {
  const before = claimed.get(host) ?? [];
  const clash = before.find((other) => overlaps(other.claim, task.claim) && !isSame(other, task));
  if (clash !== undefined)
    throw new OrchError('CLAIM_OVERLAP', `${task.title} and ${clash.title} would both write ${task.claim}`, {
      host,
      task: task.title,
      hint: 'two tasks of a play must not write the same thing: change one of them, or move it to a later play',
    });
  claimed.set(host, [...before, task]);
}
