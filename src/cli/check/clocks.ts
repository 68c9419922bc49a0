import { formatDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';

/** Synchronized clocks differ by milliseconds; a slow first reply adds some more. */
const APART_MS = 5000;

/** Clock problems: by host, and of the controller. */
export interface ClockFindings {
  readonly hosts: ReadonlyMap<string, OrchError>;
  readonly here: OrchError | undefined;
}

/**
 * Compares the hosts' clocks with one another and with the controller's. The time that most hosts agree on is right; if
 * equally many hosts are on both sides, the one nearer to the controller's. Pure.
 *
 * @param skews Milliseconds by which each host's clock is ahead of the controller's.
 */
export function clockFindings(skews: ReadonlyMap<string, number>): ClockFindings {
  const all = [...skews.values()];
  const near = (a: number) => all.filter((b) => Math.abs(a - b) <= APART_MS).length;
  const [right = 0] = all.toSorted((a, b) => near(b) - near(a) || Math.abs(a) - Math.abs(b));
  const hosts = [...skews].flatMap(([host, skew]): readonly (readonly [string, OrchError])[] => {
    const off = skew - right;
    if (Math.abs(off) <= APART_MS) return [];
    const message = `the clock is ${distance(off)} the other hosts'`;
    const hint = `synchronize it on ${host}: install chrony, then chronyc makestep; or timedatectl set-ntp true`;
    return [[host, new OrchError('CLOCK_SKEWED', message, { hint, host })]];
  });
  const here =
    Math.abs(right) <= APART_MS
      ? undefined
      : new OrchError('CLOCK_SKEWED', `the clock of this machine is ${distance(-right)} that of the hosts`, {
          hint: 'synchronize this machine: timedatectl set-ntp true',
        });
  return { hosts: new Map(hosts), here };
}

const distance = (ms: number): string => `${formatDuration(Math.abs(ms))} ${ms > 0 ? 'ahead of' : 'behind'}`;
