import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeOf, OrchError } from '../core/base/errors.ts';
import type { Playbook } from '../core/play/playbook.ts';
import { didYouMean } from '../inventory/did-you-mean.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { importPlaybook } from './playbook-modules.ts';

const builtIn = resolve(import.meta.dirname, '../../playbooks');

export interface LoadedPlaybook {
  readonly playbook: Playbook<never, Inventory>;
  /** Absolute path of its source. */
  readonly path: string;
  /** The file, absent for a built-in playbook: relative if it is below the working directory. */
  readonly file?: string;
  /** A built-in playbook has the same name. */
  readonly replacesBuiltIn?: boolean;
}

/**
 * Finds and loads a playbook: a path to a file, or a name in `./playbooks`, then among the built-in ones.
 *
 * @throws OrchError PLAYBOOK_NOT_FOUND | PLAYBOOK_INVALID
 */
export async function loadPlaybook(name: string): Promise<LoadedPlaybook> {
  const file = find(name);
  const playbook = await load(file);
  if (dirname(file) === builtIn) return { playbook, path: file };
  const below = relative(process.cwd(), file);
  return {
    playbook,
    path: file,
    file: below.startsWith('..') ? file : `./${below}`,
    replacesBuiltIn: builtInNames().includes(basename(file, extname(file))),
  };
}

async function load(file: string): Promise<Playbook<never, Inventory>> {
  try {
    const module = await importPlaybook(pathToFileURL(file).href);
    const found = module !== null && typeof module === 'object' && 'default' in module ? module.default : undefined;
    if (!isPlaybook(found))
      throw new OrchError('PLAYBOOK_INVALID', `${file} has no default export made by definePlaybook`, {
        hint: 'see docs/playbooks.md',
      });
    return found;
  } catch (error) {
    if (error instanceof OrchError) throw error;
    throw new OrchError(
      'PLAYBOOK_INVALID',
      `${file} could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
        hint: hintFor(error),
      },
    );
  }
}

/** Whether a playbook is given by its file instead of its name. */
export const isPlaybookPath = (name: string): boolean =>
  name.includes('/') || ['.ts', '.js', '.mts', '.mjs'].includes(extname(name));

function find(name: string): string {
  const isPath = isPlaybookPath(name);
  const candidates = isPath
    ? [resolve(name)]
    : ['ts', 'js'].flatMap((ending) => [
        resolve('playbooks', `${name}.${ending}`),
        resolve(builtIn, `${name}.${ending}`),
      ]);
  const order = isPath
    ? candidates
    : [...candidates].sort((a, b) => Number(a.startsWith(builtIn)) - Number(b.startsWith(builtIn)));
  const file = order.find((candidate) => existsSync(candidate));
  if (file !== undefined) return file;
  const near = isPath ? undefined : didYouMean(name, builtInNames());
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new OrchError('PLAYBOOK_NOT_FOUND', `there is no playbook "${name}"${meant}`, {
    hint: isPath
      ? `${order[0]} does not exist`
      : `built in: ${builtInNames().join(', ')}; your own go to ./playbooks/${name}.ts`,
  });
}

/** Names of the built-in playbooks. */
export const builtInNames = (): readonly string[] => [
  ...new Set(
    readdirSync(builtIn)
      .filter((entry) => /\.(ts|js)$/.test(entry) && !entry.endsWith('.d.ts'))
      .map((entry) => basename(entry, extname(entry))),
  ),
];

const isPlaybook = (value: unknown): value is Playbook<never, Inventory> =>
  value !== null &&
  typeof value === 'object' &&
  'name' in value &&
  'plays' in value &&
  typeof value.plays === 'function';

function hintFor(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return 'playbooks run by removing types: no enum, namespace or parameter property';
  if (error instanceof SyntaxError && /outside a module/.test(error.message))
    return 'a package.json above it has "type": "commonjs": set "module", or name the file .ts';
  if (code === 'ERR_MODULE_NOT_FOUND') return 'imports of your own files need their ending: import { x } from "./x.ts"';
  return 'see docs/playbooks.md';
}
