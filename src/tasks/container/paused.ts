import { OrchError } from '../../core/base/errors.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';

/** Of a container that `docker pause` froze: it counts as running, but answers nothing and ends no request. */
export const pausedError = (name: string): OrchError =>
  new OrchError('CONTAINER_PAUSED', `container ${name} is paused`, {
    hint: `somebody paused it on purpose: when that is done, run docker unpause ${name} on the host, then run again`,
  });

/**
 * A paused container is neither started nor stopped: Docker refuses the one, and the other waits for a process that is frozen.
 *
 * @throws OrchError CONTAINER_PAUSED
 */
export function refusePaused(name: string, found: ContainerInspect | null): void {
  if (found?.State.Status === 'paused') throw pausedError(name);
}
