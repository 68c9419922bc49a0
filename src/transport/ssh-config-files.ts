import { readdir, readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { OrchError } from '../core/errors.ts';
import { globPattern } from './ssh-config-patterns.ts';

/** A configuration file, or what `none` stands for. */
export interface ConfigSource {
  readonly path: string;
  /** Decides where relative includes lie, and whether `~` stands for anything in them. */
  readonly of: 'user' | 'system';
  /** Named by somebody, so it must be there. */
  readonly named: boolean;
}

/** OpenSSH goes no deeper either. */
export const DEEPEST_INCLUDE = 16;

/** The home directory of the user database, which OpenSSH uses whatever HOME says. */
export function passwdHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return homedir();
  }
}

/** The files that OpenSSH begins with; `file` replaces both, as `ssh -F` does. */
export const configSources = (file: string | undefined): readonly ConfigSource[] =>
  file === 'none'
    ? []
    : file === undefined
      ? [
          { path: join(passwdHome(), '.ssh/config'), of: 'user', named: false },
          { path: '/etc/ssh/ssh_config', of: 'system', named: false },
        ]
      : [{ path: file, of: 'user', named: true }];

/** A file's text; `undefined` when there is none and need not be, as OpenSSH takes it. @throws OrchError CONNECT_CONFIG_UNREADABLE */
export async function configText({ path, named }: ConfigSource): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (!named && /^(ENOENT|ENOTDIR|EISDIR)$/.test(code)) return undefined;
    throw new OrchError(
      'CONNECT_CONFIG_UNREADABLE',
      `the ssh configuration ${path} ${code === 'ENOENT' ? 'does not exist' : `cannot be read: ${code}`}`,
      { hint: 'correct ssh.config in the inventory, or give yourself the right to read the file', cause: error },
    );
  }
}

/** The home of another user, quotes inside a word, tokens, variables, and classes of characters by their names. */
const BEYOND = /^~(?!\/)|['"\\%]|\$\{|\[:/;

/**
 * The files that an `Include` line names, in the order in which they are read. `beyond` is told each word that only
 * OpenSSH itself can expand.
 */
export async function includedFiles(
  words: readonly string[],
  from: ConfigSource,
  beyond: (word: string) => void,
): Promise<readonly ConfigSource[]> {
  // Here OpenSSH does go by HOME.
  const base = from.of === 'user' ? join(homedir(), '.ssh') : '/etc/ssh';
  const found: ConfigSource[] = [];
  for (const word of words) {
    if (BEYOND.test(word) || (from.of === 'system' && word.startsWith('~'))) {
      beyond(word);
      continue;
    }
    const home = word.replace(/^~(?=\/)/, homedir());
    const path = home.startsWith('/') ? home : join(base, home);
    for (const one of await expand(path)) found.push({ path: one, of: from.of, named: false });
  }
  return found;
}

/** glob(7): `*`, `?` and sets of characters in any part of the path. */
async function expand(path: string): Promise<readonly string[]> {
  let found: readonly string[] = ['/'];
  for (const part of path.split('/').filter(Boolean)) {
    if (!/[*?[]/.test(part)) {
      found = found.map((directory) => join(directory, part));
      continue;
    }
    const fits = globPattern(part);
    const listed = await Promise.all(
      found.map(async (directory) => {
        const names = await readdir(directory).catch(() => []);
        return names
          .filter((name) => fits.test(name) && (part.startsWith('.') || !name.startsWith('.')))
          .sort()
          .map((name) => join(directory, name));
      }),
    );
    found = listed.flat();
  }
  return found;
}
