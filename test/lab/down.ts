import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { engine, missing } from './hosts/engine.ts';
import { hostNames, type LabFile } from './plan/lab-file.ts';
import { label, labelled, owner } from './plan/labels.ts';
import { machineLockPath } from './plan/machine-lock.ts';
import { labId } from './plan/plan-lab.ts';
import { withFreeLock, withLock } from './plan/with-lock.ts';

/** The files that a lab writes into its directory; the user's own files there stay. */
const written = ['lab.json', 'inventory.yaml', 'ssh', 'secrets'];

/**
 * Removes a whole lab: containers, volumes and network by their labels, then its files. Safe to repeat, and complete after an
 * `up` that was killed.
 * @example await downLab('.lab')
 */
export async function downLab(directory: string): Promise<void> {
  const path = resolve(directory);
  const docker = await engine();
  const id = labId(path);
  await withLock(await machineLockPath(id), async () => {
    await removeLabelled(docker, id);
    await Promise.all(written.map((name) => rm(join(path, name), { recursive: true, force: true })));
    if ((await readdir(path).catch(() => null))?.length === 0) await rmdir(path);
  });
}

/** Removes the labs whose owning process has ended, except labs that another process starts or removes now. */
export async function sweepAbandonedLabs(docker: Docker, note: (line: string) => void): Promise<void> {
  for (const id of (await abandonedLabs(docker)).keys())
    await withFreeLock(await machineLockPath(id), () => removeIfAbandoned(docker, id, note));
}

/** Removes the remains of a lab whose process has ended. The caller holds the lab's lock. */
export async function removeIfAbandoned(docker: Docker, id: string, note: (line: string) => void): Promise<void> {
  // Checked under the lock: the lab may have been created again since the caller saw it.
  const directory = (await abandonedLabs(docker)).get(id);
  if (directory === undefined) return;
  note(`removing the lab that an ended process left in ${directory}`);
  await removeLabelled(docker, id);
}

/** Directories by lab. A process that was killed early leaves a network only. */
async function abandonedLabs(docker: Docker): Promise<ReadonlyMap<string, string>> {
  const filters = labelled(label.owner);
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  const abandoned = new Map<string, string>();
  for (const { Labels = {} } of [...containers, ...networks]) {
    const by = Labels[label.owner] ?? '';
    const id = Labels[label.lab];
    const present = (await owner(Number(by.split(':')[0]))) === by;
    if (id && !present) abandoned.set(id, Labels[label.directory] ?? '');
  }
  return abandoned;
}

/** Removes the hosts of a lab that are not part of its new size. */
export async function removeStrayHosts(docker: Docker, lab: LabFile): Promise<void> {
  const names = new Set(hostNames(lab));
  const containers = await docker.listContainers({ all: true, filters: labelled(label.lab, lab.id) });
  const stray = containers.filter(({ Labels }) => !names.has(Labels[label.host] ?? ''));
  await Promise.all(
    stray.map(async ({ Id, Labels }) => {
      await removeContainer(docker, Id);
      const volume = docker.getVolume(`${lab.id}-${Labels[label.host]}-docker`);
      await volume.remove({ force: true }).catch(missing);
    }),
  );
}

async function removeLabelled(docker: Docker, id: string): Promise<void> {
  const filters = labelled(label.lab, id);
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => removeContainer(docker, Id)));
  const { Volumes } = await docker.listVolumes({ filters });
  await Promise.all((Volumes ?? []).map(({ Name }) => docker.getVolume(Name).remove({ force: true }).catch(missing)));
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove().catch(missing)));
}

/** On a busy machine the engine may not see the container's end in time, and reports that with a 500. */
async function removeContainer(docker: Docker, id: string): Promise<void> {
  const remove = () => docker.getContainer(id).remove({ force: true, v: true }).catch(missing);
  await remove().catch(async () => {
    await sleep(2000);
    await remove();
  });
}
