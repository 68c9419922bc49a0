import type { Lab } from '../lab.ts';
import { type OrchRun, orch } from '../scenes/orch.ts';

/** The milliseconds after which the tasks of an uninterrupted first install ended; none before the first such install. */
export interface InstallTimes {
  ends: readonly number[];
}

/**
 * A point of an install, counted in its tasks: on a busy machine a run takes twice as long, and milliseconds alone would mean
 * another point.
 */
export interface KillMoment {
  /** The number of finished tasks. */
  readonly tasks: number;
  /** The time since then; less if the next task ends earlier. */
  readonly ms: number;
}

/**
 * The moment at a share of an install whose tasks ended at these milliseconds, in order.
 * @example momentAt(0.5, [100, 200, 400]) // { tasks: 2, ms: 0 }
 */
export function momentAt(share: number, ends: readonly number[]): KillMoment {
  const at = share * (ends.at(-1) ?? 0);
  const tasks = ends.filter((end) => end <= at).length;
  return { tasks, ms: at - (ends[tasks - 1] ?? 0) };
}

/** Runs a whole install; `ends` are the milliseconds after which its tasks ended. */
export async function timedInstall(
  lab: Lab,
  ...more: readonly string[]
): Promise<{ readonly run: OrchRun; readonly ends: readonly number[] }> {
  const ends: number[] = [];
  const begun = Date.now();
  const run = await orch(['run', 'install', '-i', lab.inventory, ...more], {
    onEvent: ({ type }) => void (type === 'task.end' && ends.push(Date.now() - begun)),
  });
  return { run, ends };
}

/** Runs an install and kills it at the moment, if it gets that far. */
export async function killedInstall(lab: Lab, { tasks, ms }: KillMoment, ...more: readonly string[]): Promise<OrchRun> {
  let ended = 0;
  let timer: NodeJS.Timeout | undefined;
  const run = await orch(['run', 'install', '-i', lab.inventory, ...more], {
    ...(tasks === 0 && { killAfterMs: ms }),
    onEvent: ({ type }, send) => {
      if (type !== 'task.end') return;
      ended += 1;
      if (ended === tasks) timer = setTimeout(() => send('SIGKILL'), ms);
      if (ended > tasks) send('SIGKILL');
    },
  });
  clearTimeout(timer);
  return run;
}
