import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { duration } from '../core/base/duration-param.ts';
import { OrchError } from '../core/base/errors.ts';
import { hasProcess } from '../core/host/docker.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { type Behind, lost, readBehind } from './container/behind.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** Its process must have run for this time without a restart. */
  for: duration.prefault('5s'),
  within: duration.prefault('60s'),
  every: duration.prefault('500ms'),
});

type Steady = {
  readonly steady: boolean;
  /** Milliseconds since the start of its process. */
  readonly age: number;
  readonly restarts: number;
  readonly behind: Behind | null;
};

/**
 * Gate: a container runs, without a restart for some time. Fails at once if it ends again and again.
 *
 * @throws OrchError NOT_STEADY; CONTAINER_EXITED, CONTAINER_MISSING, CONTAINER_PAUSED as soon as waiting cannot help
 * @example yield steadyContainer({ container: 'api7-gateway', for: '5s' });
 */
export const steadyContainer = defineGate<typeof params, Steady>({
  kind: 'steadyContainer',
  params,
  title: (p) => `${p.container} runs without a restart for ${formatDuration(p.for)}`,
  patience: (p) => ({ withinMs: p.within, everyMs: p.every, passes: 1 }),
  async look(p, host) {
    const [found, now] = await Promise.all([host.docker.container(p.container), host.clock()]);
    // By the host's own clock, read now: Docker's times use that clock, and it may have been corrected since.
    const age = hasProcess(found) ? now - Date.parse(found.State.StartedAt) : 0;
    const steady = hasProcess(found) && found.State.Status !== 'paused' && age >= p.for;
    const behind = steady ? null : await readBehind(p.container, host);
    return { steady, age, restarts: found?.RestartCount ?? 0, behind };
  },
  met: (_p, { steady }) => steady,
  cannotRecover: (_p, { behind }) => lost(behind),
  unmet: (p, { age, restarts, behind }) =>
    new OrchError(
      'NOT_STEADY',
      `container ${p.container} was started ${formatDuration(age)} ago and restarted ${restarts} times`,
      {
        hint: 'read its last lines to see why it ended before',
        details: behind?.log.trimEnd(),
      },
    ),
});
