import { formatDuration } from '../../core/base/duration.ts';
import { errorGroups } from '../lines/error-groups.ts';
import { count, oneLine, type Paint } from '../lines/paint.ts';
import { timeLeftMs } from '../roll-view.ts';
import { type HostView, isDone, isNodeDone, type RunView } from '../run-view.ts';

export interface FrameSize {
  readonly rows: number;
  readonly columns: number;
}

/** Free rows: the heading, the ends of lists, the failures, and the prompt above. */
const KEPT_FREE = 8;
const FAILURES = 3;

/**
 * The live area of the terminal: progress of the play, active hosts, and failures. Never higher than the terminal, for
 * any number of hosts.
 */
export function frame(view: RunView, now: number, size: FrameSize, paint: Paint): readonly string[] {
  const width = Math.max(10, size.columns - 1);
  const hosts = view.playHosts.flatMap((name) => view.hosts.get(name) ?? []);
  const others = [...view.hosts.values()].filter((host) => isActive(host) && !view.playHosts.includes(host.name));
  const active = [...hosts.filter(isActive), ...others];
  const room = Math.max(1, size.rows - KEPT_FREE);
  const shown = active.length <= room ? active : active.slice(0, room);
  const names = Math.min(24, Math.max(0, ...shown.map(({ name }) => name.length)));
  return [
    paint('bold', oneLine(heading(view, hosts, now), width)),
    ...(view.hold === undefined ? [] : [paint('yellow', oneLine(`HOLD: ${view.hold}`, width))]),
    ...shown.map((host) => `  ${oneLine(activity(host, names, now), width - 2)}`),
    ...(active.length > shown.length
      ? [paint('dim', `  … and ${count(active.length - shown.length, 'more host')} at work`)]
      : []),
    ...failures(view, width).map((line) => paint('red', line)),
  ].slice(0, Math.max(1, size.rows - 2));
}

function heading(view: RunView, hosts: readonly HostView[], now: number): string {
  if (view.play === undefined) {
    const all = [...view.hosts.values()];
    return view.exec
      ? `${view.title}: ${all.filter(isDone).length} of ${count(all.length, 'host')} done`
      : `${view.title}: connecting, ${all.filter(({ state }) => state !== 'waiting').length} of ${count(all.length, 'host')}`;
  }
  const total = (key: 'changed' | 'failed'): number => hosts.reduce((sum, { counts }) => sum + counts[key], 0);
  const parts = [
    `${view.play}: ${hosts.filter((host) => isDone(host) || isNodeDone(view.roll, host.name)).length} of ${count(hosts.length, 'host')} done`,
    `${count(total('changed'), 'change')}${view.check ? ' planned' : ''}`,
    ...(total('failed') > 0 ? [`${total('failed')} failed`] : []),
  ];
  const left = timeLeftMs(view.roll, now);
  return [...parts, ...(left === undefined ? [] : [`about ${roughly(left)} left`])].join(', ');
}

const isActive = ({ task, step }: HostView): boolean => task !== undefined || step !== undefined;

/** Whole seconds: a text that changes eight times a second is unreadable. */
const roughly = (ms: number): string =>
  formatDuration(Math.max(0, Math.floor(ms / 1000)) * 1000).replace(/^0ms$/, '0s');

/** A node's step with its task, or the task alone; with the task's progress. */
function activity({ name, task, step }: HostView, width: number, now: number): string {
  const { since } = step ?? task ?? { since: now };
  const progress = task?.progress === undefined ? [] : [oneLine(task.progress, 60)];
  const waits = step === undefined && task?.waiting === true ? 'waiting for ' : '';
  const words = [...(step === undefined ? [] : [step.title]), ...(task === undefined ? [] : [waits + task.title])];
  return `${name.padEnd(width)}  ${roughly(now - since).padStart(6)}  ${[...words, ...progress].join(': ')}`;
}

function failures(view: RunView, width: number): readonly string[] {
  const groups = errorGroups(view);
  const lines = groups.slice(0, FAILURES).map(({ fault, hosts: [first = view.title, ...more] }) => {
    const where = more.length === 0 ? first : count(more.length + 1, 'host');
    return `  ${oneLine(`failed: ${where}: ${fault.message}`, width - 2)}`;
  });
  return groups.length > FAILURES ? [...lines, `  … and ${count(groups.length - FAILURES, 'more failure')}`] : lines;
}
