import { isConnectionLost, located } from '../../core/base/errors.ts';
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
 * Applies the difference. Creates the new container beside the old one first, so that a refused one leaves the old one
 * serving. Then stops and removes the old one, renames the new one and starts it. After an interruption at any point,
 * the next run continues.
 *
 * @throws OrchError PORT_TAKEN, IMAGE_MISSING, MOUNT_MISSING, LOG_DRIVER, DOCKER_FAILED, CONTAINER_EXITED with the end
 *   of its log
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
    await createdBeside(fresh, await bodyOf(p, change, host), host);
    await stopGently(old, p, host, report);
    await docker.remove(p.name);
    await docker.rename(fresh, p.name);
  }
  await docker.start(p.name);
  await refuseExited(p.name, host);
}

/** Creates a container that does not run yet. If that is refused, nothing was changed. */
export async function createdBeside(name: string, body: ContainerCreate, { docker }: Connection): Promise<void> {
  try {
    await docker.create(name, body);
  } catch (error) {
    throw isConnectionLost(error) ? error : located(error, { nothingChanged: true });
  }
}

/** The container; waits for the end of a removal. */
async function present(name: string, { docker }: Connection): Promise<ContainerInspect | null> {
  const found = await docker.container(name);
  if (found?.State.Status !== 'removing') return found;
  await docker.remove(name);
  return null;
}

type Step = 'create' | 'replace' | 'start' | 'none';

/** Differences that a start alone removes; a start also mounts files again. */
const STARTABLE = new Set(['running', 'mounted', 'leftover']);

function nextStep({ before, differences }: Change<ContainerState>, old: ContainerInspect): Step {
  const fields = new Set(differences.map(({ path }) => path.split('.')[0] ?? ''));
  if (fields.size === 1 && fields.has('leftover')) return 'none';
  const wasStopped = before !== null && !before.running;
  if (!wasStopped || ![...fields].every((field) => STARTABLE.has(field))) return 'replace';
  // Its restart policy has started it already.
  if (old.State.Running) return 'none';
  // A killed process leaves stale sockets in the container's file system, and its next start fails on them.
  return wasKilled(old) ? 'replace' : 'start';
}

/** What a container is created from, with what it is to remember. */
export async function bodyOf(
  p: ContainerParams,
  { after }: Pick<Change<ContainerState>, 'after'>,
  { docker }: Connection,
): Promise<ContainerCreate> {
  const spec = specOf(p);
  const env = Object.keys(spec.env);
  const remembered = labelsOf({ spec: after?.spec ?? null, env, restartOn: after?.restartOn ?? {} });
  return createBody({ ...spec, labels: { ...spec.labels, ...remembered } }, await logConfigOf(p, docker));
}
