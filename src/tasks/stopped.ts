import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import { portNumber } from '../core/base/port-number.ts';
import { containerName } from '../core/host/container-name.ts';
import { defineTask } from '../core/task/define-task.ts';
import { refusePaused } from './container/paused.ts';
import { servingContainer } from './container/serving.ts';
import { stopFields, stopGently } from './container/stop.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** Ports of the host on which it serves. A container of another name at these ports is not stopped: that is an error. */
  published: z.array(portNumber).readonly().default([]),
  ...stopFields,
});

/**
 * A container that does not run. It keeps its state, and its restart policy does not start it; a missing one is fine.
 * Its process gets time to end by itself.
 *
 * @throws OrchError CONTAINER_PAUSED, PORT_TAKEN
 * @example yield stopped({ container: 'api7-gateway', stopSignal: 'SIGQUIT', stopTimeoutSeconds: 250 });
 */
export const stopped = defineTask<typeof params, void, { readonly running: boolean }, void>({
  kind: 'stopped',
  params,
  impact: 'node',
  claim: (p) => `container:${p.container}`,
  async read(p, host) {
    const found = await servingContainer(p.container, p.published, host.docker);
    if (found !== null && containerName(found.Name) !== p.container)
      throw otherServes(p.container, containerName(found.Name));
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

const otherServes = (container: string, other: string): OrchError =>
  new OrchError('PORT_TAKEN', `container ${other} serves on the ports of ${container}: it is not stopped`, {
    hint: 'adopt it first: api7-orch run install --adopt; or drain the node with lb drain and stop it manually',
  });
