import type Docker from 'dockerode';
import { hasImage } from '../hosts/engine.ts';
import { paths } from '../paths.ts';
import { withEngineLock } from '../plan/machine-lock.ts';
import { aptSources } from './apt-sources.ts';
import { ensureBaseImage } from './base-image.ts';
import { buildImage } from './build-image.ts';
import { recipeFiles, recipeHash } from './recipe.ts';

/** The reference of the current recipe of the host image, built or not. */
export async function hostImageReference(): Promise<string> {
  return `api7-orch-lab/host:${recipeHash(await recipeFiles(paths.hostRecipe))}`;
}

/**
 * The image of every lab host, built when the recipe in `recipes/host` has changed.
 * @example await ensureHostImage(docker, console.error) // 'api7-orch-lab/host:4f1c…'
 */
export async function ensureHostImage(docker: Docker, note: (line: string) => void): Promise<string> {
  const reference = await hostImageReference();
  if (await hasImage(docker, reference)) return reference;
  return withEngineLock(docker, 'images', async () => {
    if (await hasImage(docker, reference)) return reference;
    const base = await ensureBaseImage(docker, note);
    note(`building the host image ${reference}`);
    // The mirror depends on this machine: part of the build, not of the recipe.
    const sources = { name: 'sources.list', content: Buffer.from((await aptSources()).list), mode: 0o644 };
    await buildImage(docker, [...(await recipeFiles(paths.hostRecipe)), sources], { tag: reference, base });
    return reference;
  });
}
