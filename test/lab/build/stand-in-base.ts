import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { hasImage } from '../hosts/engine.ts';
import { LabError } from '../lab-error.ts';
import { paths } from '../paths.ts';
import { withEngineLock } from '../plan/machine-lock.ts';
import { buildImage } from './build-image.ts';
import { ensureHostImage, hostImageReference } from './host-image.ts';
import { recipeFiles, recipeHash } from './recipe.ts';
import { bytesOf, type TarEntry, tarBytes } from './tar-bytes.ts';

/** Names the recipe of the layer that all stand-ins share; changes with the code in `recipes/stand-in`. */
export async function standInBaseReference(): Promise<string> {
  return `api7-orch-lab/stand-in:${recipeHash(await recipeFiles(paths.standInRecipe), await hostImageReference())}`;
}

/**
 * The layer that all stand-in images share, as an uncompressed tar: sorted entries, no times. The same files have the same digest
 * on every machine.
 * @example const layer = await standInBaseLayer(docker, console.error)
 */
export async function standInBaseLayer(docker: Docker, note: (line: string) => void): Promise<Buffer> {
  const reference = await standInBaseReference();
  const host = await ensureHostImage(docker, note);
  await withEngineLock(docker, 'images', async () => {
    if (await hasImage(docker, reference)) return;
    note(`gathering the stand-in images' files (${reference})`);
    await buildImage(docker, await recipeFiles(paths.standInRecipe), { tag: reference, base: host });
  });
  const container = await docker.createContainer({ Image: reference, Labels: { 'api7-orch.lab.builder': '1' } });
  try {
    return await normalise(await container.getArchive({ path: '/rootfs' }));
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function normalise(archive: NodeJS.ReadableStream): Promise<Buffer> {
  const entries: TarEntry[] = [];
  const tar = extract();
  archive.on('error', (error) => tar.destroy(error)).pipe(tar);
  for await (const entry of tar) {
    const { name, type, mode, linkname } = entry.header;
    const content = await bytesOf(entry);
    const path = name.replace(/^rootfs\//, '');
    if (path === '') continue;
    if (type === 'file' || type === 'directory') entries.push({ name: path, type, mode, content });
    else if (type === 'symlink') entries.push({ name: path, type, mode, linkname });
    else throw new LabError(`${name}: a ${type} has no place in a stand-in image`);
  }
  return tarBytes(entries.sort((a, b) => (a.name < b.name ? -1 : 1)));
}
