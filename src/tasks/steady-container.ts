import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { duration } from '../core/base/duration-param.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';
import { defineTask } from '../core/task/define-task.ts';
import { type Behind, lost, readBehind } from './container/behind.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** For so long its process must have run without a restart. */
  for: duration.prefault('5s'),
  within: duration.prefault('60s'),
  every: duration.prefault('500ms'),
});

/** `restarts`, `age` and `behind` are for the message. */
type Steady = {
  readonly steady: boolean;
  /** Milliseconds since its process was started. */
  readonly age: number;
  readonly restarts: number;
  readonly behind: Behind | null;
};

/**
 * A gate: a container runs, and nobody has started it anew for a while. One that ends again and again is told at once.
 *
 * @throws OrchError NOT_STEADY; CONTAINER_EXITED, CONTAINER_MISSING as soon as waiting cannot help
 * @example yield steadyContainer({ container: 'api7-gateway', for: '5s' });
 */
export const steadyContainer = defineTask<typeof params, void, Steady, void>({
  kind: 'steadyContainer',
  params,
  impact: 'none',
  claim: (p) => `gate:steady ${p.container}`,
  title: (p) => `${p.container} runs without a restart for ${formatDuration(p.for)}`,
  patience: (p) => ({ withinMs: p.within, everyMs: p.every, passes: 1 }),
  async read(p, host) {
    const [found, age] = await Promise.all([host.docker.container(p.container), ageOf(p.container, host)]);
    const steady = found?.State.Running === true && age >= p.for;
    const behind = steady ? null : await readBehind(p.container, host);
    return { steady, age, restarts: found?.RestartCount ?? 0, behind };
  },
  want: (_p, now) => ({ age: 0, restarts: 0, behind: null, ...now, steady: true }),
  cannotRecover: (_p, state) => (state === null || state.behind === null ? undefined : lost(state.behind)),
  unmet: (p, state) =>
    new OrchError(
      'NOT_STEADY',
      `container ${p.container} was started ${formatDuration(state?.age ?? 0)} ago and restarted ${state?.restarts ?? 0} times`,
      {
        hint: 'its last lines say why it ended before',
        ...(state?.behind?.log.trim() ? { details: state.behind.log.trimEnd() } : {}),
      },
    ),
});

/** By the host's own clock: Docker's times are of that one. 0 when it does not run. */
async function ageOf(name: string, host: Reader): Promise<number> {
  const [found, { clockSkewMs }] = await Promise.all([host.docker.container(name), host.facts()]);
  return found?.State.Running === true ? Date.now() + clockSkewMs - Date.parse(found.State.StartedAt) : 0;
}
