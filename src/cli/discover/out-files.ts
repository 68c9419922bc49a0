import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { OrchError } from '../../core/base/errors.ts';

/** Where an inventory goes, and its secrets beside it. */
export interface OutFiles {
  readonly inventory: string;
  /** Absolute, and relative to the inventory. */
  readonly secrets: string;
  readonly secretsName: string;
}

/**
 * The files of `--out`, refused before any host is asked.
 *
 * @throws OrchError USAGE
 */
export function outFiles(out: string, hostsFile: string): OutFiles {
  const inventory = resolve(out);
  const refuse = (message: string, hint: string): never => {
    throw new OrchError('USAGE', message, { hint });
  };
  if (dirname(inventory) !== dirname(hostsFile))
    refuse(
      `${out} is not in the directory of the hosts file, to which its paths are relative`,
      `write it there: --out ${resolve(dirname(hostsFile), basename(inventory))}`,
    );
  const secretsName = `${basename(inventory, extname(inventory))}-secrets`;
  const secrets = resolve(dirname(inventory), secretsName);
  for (const path of [inventory, secrets])
    if (existsSync(path))
      refuse(
        `${path} exists already, and nothing of yours is overwritten`,
        'name another file: --out FILE; or move it away',
      );
  return { inventory, secrets, secretsName };
}

/** Writes both for their owner alone. @throws OrchError USAGE */
export function writeOut({ inventory, secrets }: OutFiles, text: string, contents: ReadonlyMap<string, string>): void {
  try {
    if (contents.size > 0) mkdirSync(secrets, { mode: 0o700 });
    for (const [name, content] of contents) writeFileSync(resolve(secrets, name), content, { mode: 0o600, flag: 'wx' });
    writeFileSync(inventory, text, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new OrchError('USAGE', `${inventory} cannot be written: ${cause instanceof Error ? cause.message : cause}`, {
      hint: 'name another file: --out FILE',
      cause,
    });
  }
}
