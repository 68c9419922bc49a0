import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import { defineTask } from '../core/task/define-task.ts';
import { refusePaused } from './container/paused.ts';

/**
 * An existing container that runs; it is never recreated.
 *
 * @throws OrchError CONTAINER_MISSING, CONTAINER_PAUSED; CONTAINER_KILLED when it was killed and must not be started as
 *   it is
 * @example yield started({ container: 'api7-gateway' });
 */
export const started = defineTask({
  kind: 'started',
  params: z.strictObject({ container: z.string().min(1) }),
  claim: (p) => `container:${p.container}`,
  async read(p, host) {
    const found = await host.docker.container(p.container);
    if (found === null)
      throw new OrchError('CONTAINER_MISSING', `there is no container ${p.container}`, {
        hint: 'the playbook install creates it',
      });
    refusePaused(p.container, found);
    const { Running, ExitCode, OOMKilled, Status } = found.State;
    // A killed process leaves stale sockets behind, and its next start fails on them.
    if (!Running && (ExitCode === 137 || OOMKilled || Status === 'dead'))
      throw new OrchError('CONTAINER_KILLED', `container ${p.container} was killed and cannot be started as it is`, {
        hint: 'the playbook install recreates it',
      });
    return { running: Running };
  },
  want: () => ({ running: true }),
  write: (p, _change, host) => host.docker.start(p.container),
});
