import { z } from 'zod';
import { defineTask } from '../core/task/define-task.ts';
import { refusePaused } from './container/paused.ts';
import { stopFields, stopGently } from './container/stop.ts';

const params = z.strictObject({ container: z.string().min(1), ...stopFields });

/**
 * A container that does not run. It keeps its state, and its restart policy does not start it; a missing one is fine.
 * Its process gets time to end by itself.
 *
 * @throws OrchError CONTAINER_PAUSED
 * @example yield stopped({ container: 'api7-gateway', stopSignal: 'SIGQUIT', stopTimeoutSeconds: 250 });
 */
export const stopped = defineTask<typeof params, void, { readonly running: boolean }, void>({
  kind: 'stopped',
  params,
  impact: 'node',
  claim: (p) => `container:${p.container}`,
  async read(p, host) {
    const found = await host.docker.container(p.container);
    refusePaused(p.container, found);
    // A container that its policy is about to start counts as running.
    return found === null ? null : { running: found.State.Running || found.State.Status === 'restarting' };
  },
  want: (_p, now) => (now === null ? null : { running: false }),
  async write(p, _change, host, _local, report) {
    const found = await host.docker.container(p.container);
    if (found !== null) await stopGently(found, p, host, report);
  },
});
