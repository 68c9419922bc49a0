import type { Connection } from '../../core/host/connection.ts';
import type { ContainerCreate, ContainerInspect } from '../../core/host/docker.ts';
import { freshContainer } from '../../core/host/leftover-names.ts';
import type { Change, Report } from '../../core/task/change.ts';
import { createBody } from '../../docker/spec.ts';
import { labelsOf } from './labels.ts';
import { logConfigOf } from './log-config.ts';
import { type ContainerParams, specOf } from './params.ts';
import type { ContainerState } from './state.ts';
import { refuseExited, stopGently, wasKilled } from './stop.ts';

/**
 * Makes the difference. The new container is created beside the old one first, so that a refused one leaves the old one
 * serving; then the old one is stopped and removed, the new one takes its name and starts. Wherever this is broken off,
 * the next run finds a state that it goes on from.
 *
 * @throws OrchError PORT_TAKEN, IMAGE_MISSING, MOUNT_MISSING, LOG_DRIVER, DOCKER_FAILED, CONTAINER_EXITED with the end of its log
 */
export async function writeContainer(
  p: ContainerParams,
  change: Change<ContainerState>,
  host: Connection,
  report: Report,
): Promise<void> {
  const { docker } = host;
  const fresh = freshContainer(p.name);
  await docker.remove(fresh);
  const old = await present(p.name, host);
  const step = old === null ? 'create' : nextStep(change, old);
  if (step === 'none') return;
  if (step === 'create') await docker.create(p.name, await bodyOf(p, change, host));
  if (step === 'replace' && old !== null) {
    await docker.create(fresh, await bodyOf(p, change, host));
    await stopGently(old, p, host, report);
    await docker.remove(p.name);
    await docker.rename(fresh, p.name);
  }
  await docker.start(p.name);
  await refuseExited(p.name, host);
}

/** The container; one that is being removed is waited for until it is gone. */
async function present(name: string, { docker }: Connection): Promise<ContainerInspect | null> {
  const found = await docker.container(name);
  if (found?.State.Status !== 'removing') return found;
  await docker.remove(name);
  return null;
}

type Step = 'create' | 'replace' | 'start' | 'none';

/** What a start alone mends; a file mounted anew by it is among that. */
const STARTABLE = new Set(['running', 'mounted', 'leftover']);

function nextStep({ before, differences }: Change<ContainerState>, old: ContainerInspect): Step {
  const fields = new Set(differences.map(({ path }) => path.split('.')[0] ?? ''));
  if (fields.size === 1 && fields.has('leftover')) return 'none';
  const wasStopped = before !== null && !before.running;
  if (!wasStopped || ![...fields].every((field) => STARTABLE.has(field))) return 'replace';
  // Its restart policy was faster than we.
  if (old.State.Running) return 'none';
  // A killed process leaves stale sockets in the container's file system, on which its next start fails.
  return wasKilled(old) ? 'replace' : 'start';
}

async function bodyOf(
  p: ContainerParams,
  { after }: Change<ContainerState>,
  { docker }: Connection,
): Promise<ContainerCreate> {
  const spec = specOf(p);
  const env = Object.keys(spec.env);
  const remembered = labelsOf({ spec: after?.spec ?? null, env, restartOn: after?.restartOn ?? {} });
  return createBody({ ...spec, labels: { ...spec.labels, ...remembered } }, await logConfigOf(p, docker));
}
