import type { Connection } from '../../core/host/connection.ts';
import type { ContainerCreate, ContainerInspect } from '../../core/host/docker.ts';
import { freshContainer } from '../../core/host/leftover-names.ts';
import type { Report } from '../../core/task/change.ts';
import { bindMount } from '../../docker/spec.ts';
import { isOwn } from '../../tasks/container/labels.ts';
import { refuseExited, type StopWish, stopGently, wasKilled } from '../../tasks/container/stop.ts';
import { keptName } from '../kept-name.ts';
import { type AdoptionRecord, forgetAdoption, type OldContainer, type RawInspect, writeAdoption } from '../record.ts';
import { createdAgainFrom, isCreatedAgain } from '../running/created-again.ts';
import { freeName } from './free-name.ts';

export interface GiveBack {
  readonly service: string;
  /** Name of the new container. */
  readonly name: string;
  /** How the new one is stopped. */
  readonly stop: StopWish;
  /** The uid file on the host, and where the image has it: a container that is created again must have the same identity. */
  readonly uidFile?: { readonly source: string; readonly target: string } | undefined;
}

/**
 * Undoes an adoption: the new container is removed, the old one has its name and its restart policy again, and runs. One that was killed
 * when it was stopped is created again from what the Engine showed of it; the killed one is kept. Safe to repeat.
 *
 * @throws OrchError CONTAINER_EXITED, PORT_TAKEN, DOCKER_FAILED
 */
export async function giveBack(
  plan: GiveBack,
  adoption: AdoptionRecord,
  host: Connection,
  report: Report,
): Promise<void> {
  const { docker } = host;
  const { old } = adoption;
  await docker.remove(freshContainer(plan.name));
  const [next, found] = [await docker.container(plan.name), await docker.container(old.id)];
  if (next !== null && next.Id !== old.id && isOwn(next)) {
    await stopGently(next, plan.stop, host, report);
    await docker.remove(next.Id, { keepVolumes: true });
  }
  const isStopped = found?.State.Running !== true;
  if (found === null || (isStopped && wasKilled(found))) await createAgain(plan, adoption, found, host);
  else if (found.Name !== `/${old.name}`) await docker.rename(old.id, old.name);
  await docker.start(old.name);
  await refuseExited(old.name, host);
  await docker.setRestartPolicy(old.name, old.policy);
  await forgetAdoption(plan.service, host);
}

/** A killed gateway leaves stale sockets in its file system, on which its next start fails. */
async function createAgain(
  plan: GiveBack,
  adoption: AdoptionRecord,
  killed: ContainerInspect | null,
  host: Connection,
): Promise<void> {
  const { docker } = host;
  const { old, kept } = adoption;
  if (killed !== null && killed.Name !== `/${kept}`) await docker.rename(old.id, kept);
  const there = await docker.container(old.name);
  // A run may have been killed right after it created this one.
  const isThere = there !== null && isCreatedAgain(there, old.id);
  const id = isThere ? there.Id : await docker.create(old.name, await bodyAgain(plan, old, host));
  const next = await freeName(keptName(plan.name, adoption.run), host);
  const { exitCode: _, ...same } = old;
  // From here on this one is the old one, and needs another name when it is kept.
  await writeAdoption(plan.service, { ...adoption, phase: 'prepared', old: { ...same, id }, kept: next }, host);
}

async function bodyAgain(plan: GiveBack, old: OldContainer, { docker }: Connection): Promise<ContainerCreate> {
  const tagged = await docker.image(old.inspect.Config.Image);
  const image = tagged?.Id === old.inspect.Image ? old.inspect.Config.Image : old.inspect.Image;
  const body = bodyOf(old.inspect, image, plan.uidFile);
  return { ...body, Labels: { ...body.Labels, ...createdAgainFrom(old.id) } };
}

/** The request that creates the same container again, with all settings that the Engine showed. */
function bodyOf({ Id, Config, HostConfig }: RawInspect, image: string, uidFile: GiveBack['uidFile']): ContainerCreate {
  const { Hostname, ...config } = Config;
  const binds = HostConfig.Binds ?? [];
  const isMounted =
    uidFile === undefined ||
    [...binds.map((bind) => bind.split(':')[1]), ...(HostConfig.Mounts ?? []).map(({ Target }) => Target)].includes(
      uidFile.target,
    );
  const uid = isMounted ? [] : [bindMount(uidFile.source, uidFile.target)];
  return {
    ...config,
    Image: image,
    // Without one of its own it was named by its id, which the new one does not have.
    ...(Id.startsWith(Hostname) ? {} : { Hostname }),
    HostConfig: { ...HostConfig, RestartPolicy: { Name: 'no' }, Mounts: [...(HostConfig.Mounts ?? []), ...uid] },
  } as ContainerCreate;
}
