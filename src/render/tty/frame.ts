import { errorGroups } from '../lines/error-groups.ts';
import { count, oneLine, type Paint } from '../lines/paint.ts';
import { type HostView, isDone, type RunView } from '../run-view.ts';

export interface FrameSize {
  readonly rows: number;
  readonly columns: number;
}

/** Rows kept free: the heading, the lists' ends, the failures, and the prompt above. */
const KEPT_FREE = 8;
const FAILURES = 3;

/**
 * The living part of the terminal: how far the play is, who is at work on what, and what has failed. Never higher than
 * the terminal, however many hosts there are.
 */
export function frame(view: RunView, now: number, size: FrameSize, paint: Paint): readonly string[] {
  const width = Math.max(10, size.columns - 1);
  const hosts = view.playHosts.flatMap((name) => view.hosts.get(name) ?? []);
  const others = [...view.hosts.values()].filter(
    ({ name, task }) => task !== undefined && !view.playHosts.includes(name),
  );
  const active = [...hosts.filter((host) => host.task !== undefined), ...others];
  const room = Math.max(1, size.rows - KEPT_FREE);
  const shown = active.length <= room ? active : active.slice(0, room);
  const names = Math.min(24, Math.max(0, ...shown.map(({ name }) => name.length)));
  return [
    paint('bold', oneLine(heading(view, hosts), width)),
    ...(view.hold === undefined ? [] : [paint('yellow', oneLine(`holding: ${view.hold}`, width))]),
    ...shown.map((host) => `  ${oneLine(activity(host, names, now), width - 2)}`),
    ...(active.length > shown.length
      ? [paint('dim', `  … and ${count(active.length - shown.length, 'more host')} at work`)]
      : []),
    ...failures(view, width).map((line) => paint('red', line)),
  ].slice(0, Math.max(1, size.rows - 2));
}

function heading(view: RunView, hosts: readonly HostView[]): string {
  if (view.play === undefined) {
    const all = [...view.hosts.values()];
    return view.exec
      ? `${view.title}: ${all.filter(isDone).length}/${all.length} hosts done`
      : `${view.title}: connecting, ${all.filter(({ state }) => state !== 'waiting').length}/${all.length} hosts`;
  }
  const total = (key: 'changed' | 'failed'): number => hosts.reduce((sum, { counts }) => sum + counts[key], 0);
  const parts = [
    `${view.play}: ${hosts.filter(isDone).length}/${hosts.length} hosts done`,
    `${total('changed')} ${view.check ? 'would change' : 'changed'}`,
    ...(total('failed') > 0 ? [`${total('failed')} failed`] : []),
  ];
  return parts.join(', ');
}

function activity({ name, task }: HostView, width: number, now: number): string {
  if (task === undefined) return name;
  const seconds = Math.max(0, Math.floor((now - task.since) / 1000));
  const time = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  const progress = task.progress === undefined ? '' : `: ${oneLine(task.progress, 60)}`;
  return `${name.padEnd(width)}  ${time.padStart(4)}  ${task.waiting ? 'waiting for ' : ''}${task.title}${progress}`;
}

function failures(view: RunView, width: number): readonly string[] {
  const groups = errorGroups(view);
  const lines = groups.slice(0, FAILURES).map(({ fault, hosts: [first = view.title, ...more] }) => {
    const where = more.length === 0 ? first : count(more.length + 1, 'host');
    return `  ${oneLine(`failed: ${where}: ${fault.message}`, width - 2)}`;
  });
  return groups.length > FAILURES ? [...lines, `  … and ${count(groups.length - FAILURES, 'more failure')}`] : lines;
}
