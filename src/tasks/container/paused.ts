import { OrchError } from '../../core/base/errors.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';

/**
 * The error of a container frozen by `docker pause`: it counts as running, but responds to nothing and ends no request.
 */
export const pausedError = (name: string): OrchError =>
  new OrchError('CONTAINER_PAUSED', `container ${name} is paused`, {
    hint: `find out why it was paused; when that is done, run docker unpause ${name} on the host, then run again`,
  });

/**
 * Refuses a paused container: Docker does not start it, and a stop would wait for its frozen process.
 *
 * @throws OrchError CONTAINER_PAUSED
 */
export function refusePaused(name: string, found: ContainerInspect | null): void {
  if (found?.State.Status === 'paused') throw pausedError(name);
}
