import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type Docker from 'dockerode';
import { engine, missing } from './engine.ts';
import { hostNames, type LabFile } from './lab-file.ts';
import { label, labelled, owner } from './labels.ts';
import { labId } from './plan-lab.ts';
import { withLock } from './with-lock.ts';

/** What a lab writes into its directory; the user's own files there are left alone. */
const written = ['lab.json', 'inventory.yaml', 'ssh', 'secrets'];

/**
 * Removes all of a lab: containers, volumes and network by their labels, then its files. Safe to repeat, and complete
 * after an `up` that was killed.
 * @example await downLab('.lab')
 */
export async function downLab(directory: string): Promise<void> {
  const path = resolve(directory);
  const docker = await engine();
  await withLock(`${path}.lock`, async () => {
    await removeLabelled(docker, labId(path));
    await Promise.all(written.map((name) => rm(join(path, name), { recursive: true, force: true })));
    if ((await readdir(path).catch(() => null))?.length === 0) await rmdir(path);
  });
}

/** Removes the labs whose owning process is gone. */
export async function sweepAbandonedLabs(docker: Docker, note: (line: string) => void): Promise<void> {
  const owned = await docker.listContainers({ all: true, filters: labelled(label.owner) });
  const abandoned = new Map<string, string>();
  for (const { Labels } of owned) {
    const by = Labels[label.owner] ?? '';
    const id = Labels[label.lab];
    const present = (await owner(Number(by.split(':')[0]))) === by;
    if (id && !present) abandoned.set(id, Labels[label.directory] ?? '');
  }
  for (const [id, directory] of abandoned) {
    note(`removing the lab that an ended process left in ${directory}`);
    await removeLabelled(docker, id);
  }
}

/** Removes the hosts of a lab that its size no longer has. */
export async function removeStrayHosts(docker: Docker, lab: LabFile): Promise<void> {
  const names = new Set(hostNames(lab));
  const containers = await docker.listContainers({ all: true, filters: labelled(label.lab, lab.id) });
  const stray = containers.filter(({ Labels }) => !names.has(Labels[label.host] ?? ''));
  await Promise.all(
    stray.map(async ({ Id, Labels }) => {
      await docker.getContainer(Id).remove({ force: true, v: true }).catch(missing);
      const volume = docker.getVolume(`${lab.id}-${Labels[label.host]}-docker`);
      await volume.remove({ force: true }).catch(missing);
    }),
  );
}

async function removeLabelled(docker: Docker, id: string): Promise<void> {
  const filters = labelled(label.lab, id);
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(
    containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }).catch(missing)),
  );
  const { Volumes } = await docker.listVolumes({ filters });
  await Promise.all((Volumes ?? []).map(({ Name }) => docker.getVolume(Name).remove({ force: true }).catch(missing)));
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove().catch(missing)));
}
