import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Connection, Reader } from '../core/host/connection.ts';
import type { ContainerInspect } from '../core/host/docker.ts';
import { freshContainer } from '../core/host/leftover-names.ts';
import type { Report } from '../core/task/change.ts';
import { defineTask } from '../core/task/define-task.ts';
import { sameAgain } from '../docker/spec.ts';
import { isOwn } from './container/labels.ts';
import { refusePaused } from './container/paused.ts';
import { refuseExited, stopFields, stopGently, wasKilled } from './container/stop.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** ISO time by the controller's clock: a container started later is not restarted. */
  since: z.iso.datetime({ offset: true }),
  ...stopFields,
});

type Params = z.output<typeof params>;

type Restarted = { readonly running: boolean; readonly fresh: boolean };

/**
 * A container whose process started later than a given time: otherwise it is stopped gently and started, without other
 * changes. If it had to be killed, it is recreated from its own settings, because it may not start from the files that
 * it left.
 *
 * @throws OrchError CONTAINER_MISSING, CONTAINER_EXITED, CONTAINER_PAUSED
 * @example yield restarted({ container: 'api7-gateway', since: startOfRun, stopSignal: 'SIGQUIT', stopTimeoutSeconds:
 *   250 });
 */
export const restarted = defineTask<typeof params, void, Restarted, void>({
  kind: 'restarted',
  params,
  impact: 'node',
  claim: (p) => `container:${p.container}`,
  title: (p) => `restarted ${p.container}`,
  async read(p, host) {
    const [found, { clockSkewMs }] = await Promise.all([find(p.container, host), host.facts()]);
    const started = Date.parse(found.State.StartedAt) - clockSkewMs;
    return { running: found.State.Running, fresh: started >= Date.parse(p.since) };
  },
  want: () => ({ running: true, fresh: true }),
  write: (p, _change, host, _local, report) => restart(p, host, report),
});

async function restart(p: Params, host: Connection, report: Report): Promise<void> {
  const { docker } = host;
  const old = await find(p.container, host);
  if (old.Name === `/${p.container}`) await docker.remove(freshContainer(p.container));
  else await docker.rename(freshContainer(p.container), p.container);
  const killed = (await stopGently(old, p, host, report)) || (!old.State.Running && wasKilled(old));
  if (killed) await remake(old, p.container, host, report);
  await docker.start(p.container);
  await refuseExited(p.container, host);
}

/** Another tool's container has unknown settings: it can only be started as it is. */
async function remake(old: ContainerInspect, name: string, { docker }: Connection, report: Report): Promise<void> {
  if (!isOwn(old))
    return report.warn(
      `container ${name} was not made by api7-orch: it is started again from what it left when killed`,
    );
  const tagged = await docker.image(old.Config.Image);
  // The reference may name another image by now.
  const ref = tagged?.Id === old.Image ? old.Config.Image : old.Image;
  await docker.create(freshContainer(name), sameAgain(old, ref));
  await docker.remove(name);
  await docker.rename(freshContainer(name), name);
}

/** The container, or its replacement from an interrupted run. */
async function find(name: string, { docker }: Reader): Promise<ContainerInspect> {
  const [found, next] = await Promise.all([docker.container(name), docker.container(freshContainer(name))]);
  refusePaused(name, found);
  if (found !== null) return found;
  if (next !== null) return next;
  throw new OrchError('CONTAINER_MISSING', `there is no container ${name}`, {
    hint: 'install it first: api7-orch run install',
  });
}
