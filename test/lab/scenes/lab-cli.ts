import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Runs `npm run lab -- …` on the lab of a directory. @example await labCli('.lab', 'ssh', 'gw-1', 'id -nG') */
export function labCli(
  directory: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const main = join(import.meta.dirname, '../main.ts');
  return promisify(execFile)(process.execPath, [main, ...args, '--directory', directory]).then(
    (done) => ({ code: 0, ...done }),
    (failed) => ({ code: failed.code, stdout: failed.stdout, stderr: failed.stderr }),
  );
}
