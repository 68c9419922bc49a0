import { posix } from 'node:path';
import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';
import { containerName } from '../core/host/container-name.ts';
import { isTemporaryFile, replacedBy } from '../core/host/leftover-names.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { discard } from '../docker/run-once.ts';
import { absolutePath } from './file/fields.ts';

/** A leftover of a killed run under a temporary name. */
export type Leftover =
  | { readonly file: string }
  | {
      readonly container: string;
      /** The container that it was to replace; '': none. */
      readonly replaces: string;
      /** That container is gone: this one may be its last copy. */
      readonly isLast: boolean;
    };

export interface LeftoverPlaces {
  /** Directories to search completely. */
  readonly trees: readonly string[];
  /** Single paths, such as beside nginx's include file. */
  readonly paths: readonly string[];
  /** Whether to search its containers. */
  readonly containers: boolean;
}

/** The leftovers on a host. One round trip. */
export async function findLeftovers(
  host: Reader,
  { trees, paths, containers }: LeftoverPlaces,
): Promise<readonly Leftover[]> {
  const [below, single, all] = await Promise.all([
    Promise.all(trees.map(async (root) => temporaryBelow(root, Object.keys((await host.tree(root)) ?? {})))),
    Promise.all(paths.map(async (path) => ((await host.stat(path)) === null ? [] : [path]))),
    containers ? host.docker.containers() : [],
  ]);
  const files = [...new Set([...below.flat(), ...single.flat()])].sort();
  const names = all.flatMap(({ Names }) => Names.map(containerName));
  return [
    ...files.map((file) => ({ file })),
    ...names.flatMap((container): readonly Leftover[] => {
      const replaces = replacedBy(container);
      if (replaces === undefined) return [];
      return [{ container, replaces, isLast: replaces !== '' && !names.includes(replaces) }];
    }),
  ];
}

/** A directory with a temporary name is one leftover, whatever it contains. */
function temporaryBelow(root: string, files: readonly string[]): readonly string[] {
  return files.flatMap((file) => {
    const parts = file.split('/');
    const at = parts.findIndex(isTemporaryFile);
    return at < 0 ? [] : [posix.join(root, ...parts.slice(0, at + 1))];
  });
}

const fileParams = z.strictObject({
  path: absolutePath.refine((path) => isTemporaryFile(posix.basename(path)), { error: 'must be a temporary name' }),
});

/** Removes a leftover file or directory of a killed run. */
const noLeftoverFile = defineTask<typeof fileParams, void, { readonly leftover: boolean }, void>({
  kind: 'noLeftoverFile',
  params: fileParams,
  impact: 'none',
  claim: (p) => `tree:${p.path}`,
  title: (p) => p.path,
  read: async (p, host) => ({ leftover: (await host.stat(p.path)) !== null }),
  want: () => ({ leftover: false }),
  write: (p, _change, host) => host.remove(p.path),
});

const containerParams = z.strictObject({
  container: z.string().refine((name) => replacedBy(name) !== undefined, { error: 'must be a temporary name' }),
});

/**
 * Removes a leftover container of a killed run. Keeps it if its original is gone: it may be the last copy.
 *
 * @throws OrchError CONTAINER_MISSING
 */
const noLeftoverContainer = defineTask<typeof containerParams, void, { readonly leftover: boolean }, void>({
  kind: 'noLeftoverContainer',
  params: containerParams,
  impact: 'none',
  claim: (p) => `container:${p.container}`,
  title: (p) => `container ${p.container}`,
  read: async (p, host) => ({ leftover: (await host.docker.container(p.container)) !== null }),
  want: () => ({ leftover: false }),
  async write({ container }, _change, { docker }) {
    const replaces = replacedBy(container) ?? '';
    if (replaces === '') return await discard(docker, container);
    if ((await docker.container(replaces)) === null)
      throw new OrchError('CONTAINER_MISSING', `${container} is kept: ${replaces}, which it was to replace, is gone`, {
        hint: 'create it again: api7-orch run install',
      });
    await docker.remove(container);
  },
});

/** The task that removes a leftover. */
export const noLeftover = (left: Leftover): Task =>
  'file' in left ? noLeftoverFile({ path: left.file }) : noLeftoverContainer({ container: left.container });
