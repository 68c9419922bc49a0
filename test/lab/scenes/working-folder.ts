import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { packagePath } from '../build/packages.ts';
import { versions } from '../build/stand-ins.ts';
import type { Lab } from '../lab.ts';
import { type OrchOptions, type OrchRun, orch } from './orch.ts';

/** An operator's working folder. For locks and journals it is on another machine. */
export interface WorkingFolder {
  readonly directory: string;
  /** Runs a command in the folder, with the folder's own copy of this inventory of the lab. */
  orch(words: readonly string[], inventory: string, options?: OrchOptions): Promise<OrchRun>;
}

/** Paths in inventories of the lab, and their names in the folder. */
const RENAMED = [
  ['ssh/id_ed25519', 'login/key'],
  ['ssh/known_hosts', 'login/hosts'],
  ['secrets/db-password', 'private/database'],
  ['secrets/gateway-token', 'private/token'],
] as const;

/**
 * A second working folder for the cluster of a lab: inventories, key, secrets, packages, journals and caches of its own, under other paths.
 *
 * @example const colleague = await workingFolder(lab, 'colleague'); await colleague.orch(['resume'], lab.inventory);
 */
export async function workingFolder(lab: Lab, name: string): Promise<WorkingFolder> {
  const directory = join(dirname(lab.directory), `${basename(lab.directory)}-${name}`);
  await rm(directory, { recursive: true, force: true });
  for (const part of ['login', 'private', 'packages'])
    await mkdir(join(directory, part), { recursive: true, mode: 0o700 });
  for (const [from, to] of RENAMED) await copyFile(join(lab.directory, from), join(directory, to));
  for (const file of versions.flatMap((version) => [packagePath(version, 'cp'), packagePath(version, 'dp')]))
    await symlink(file, join(directory, 'packages', basename(file)));

  async function copyOf(inventory: string): Promise<string> {
    const text = await readFile(inventory, 'utf8');
    const own = RENAMED.reduce((changed, [from, to]) => changed.replace(from, to), text);
    const file = `site-${basename(inventory)}`;
    await writeFile(join(directory, file), own.replaceAll(/\S+\/(?=api7-[^/\n]*\.tar\.gz)/g, 'packages/'));
    return file;
  }

  return {
    directory,
    async orch(words, inventory, { env, ...options } = {}) {
      return await orch([...words, '-i', await copyOf(inventory)], {
        ...options,
        cwd: directory,
        env: {
          API7_ORCH_MACHINE_ID: `machine of ${name}`,
          XDG_STATE_HOME: join(directory, 'state'),
          XDG_CACHE_HOME: join(directory, 'cache'),
          ...env,
        },
      });
    },
  };
}
