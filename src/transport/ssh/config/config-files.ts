import { readdir, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { codeOf, OrchError } from '../../../core/base/errors.ts';
import { fitsGlob } from '../../../core/base/glob.ts';
import { fromHome, homeDirectory } from '../../../core/base/home.ts';

/** A configuration file, or the source for `none`. */
export interface ConfigSource {
  readonly path: string;
  /** Decides the base of relative includes, and whether they expand `~`. */
  readonly of: 'user' | 'system';
  /** Named explicitly, so it must exist. */
  readonly named: boolean;
}

/** The home directory in the user database, which OpenSSH uses regardless of HOME. */
export function passwdHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return homeDirectory();
  }
}

/** OpenSSH's first files; `file` replaces both, like `ssh -F`. */
export const configSources = (file: string | undefined): readonly ConfigSource[] =>
  file === 'none'
    ? []
    : file === undefined
      ? [
          { path: join(passwdHome(), '.ssh/config'), of: 'user', named: false },
          { path: '/etc/ssh/ssh_config', of: 'system', named: false },
        ]
      : [{ path: file, of: 'user', named: true }];

/**
 * A file's text; `undefined` if it is missing and optional, as for OpenSSH. @throws OrchError CONNECT_CONFIG_UNREADABLE
 */
export async function configText({ path, named }: ConfigSource): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const code = codeOf(error) || String(error);
    if (!named && /^(ENOENT|ENOTDIR|EISDIR)$/.test(code)) return undefined;
    throw new OrchError(
      'CONNECT_CONFIG_UNREADABLE',
      `the ssh configuration ${path} ${code === 'ENOENT' ? 'does not exist' : `cannot be read: ${code}`}`,
      { hint: 'correct ssh.config in the inventory, or give yourself the right to read the file', cause: error },
    );
  }
}

/** Another user's home, quotes inside a word, tokens, variables, character sets, patterns for directories. */
const LEFT_TO_OPENSSH = /^~(?!\/)|['"\\%[]|\$\{|[*?].*\//;

/** The files of a word in an `Include` line. `undefined`: only OpenSSH can expand the word. */
export async function includedFiles(word: string, from: ConfigSource): Promise<readonly ConfigSource[] | undefined> {
  if (LEFT_TO_OPENSSH.test(word) || (from.of === 'system' && word.startsWith('~'))) return undefined;
  // OpenSSH uses HOME here.
  const home = fromHome(word);
  const path = home.startsWith('/')
    ? home
    : join(from.of === 'user' ? join(homeDirectory(), '.ssh') : '/etc/ssh', home);
  return (await expand(path)).map((found) => ({ path: found, of: from.of, named: false }));
}

/** Expands `*` and `?` in the last part of a path. */
async function expand(path: string): Promise<readonly string[]> {
  const last = basename(path);
  if (!/[*?]/.test(last)) return [path];
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((name) => fitsGlob(last, name) && (last.startsWith('.') || !name.startsWith('.')))
    .map((name) => join(dirname(path), name));
}
