import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a process has printed, and its exit code. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node in a process of its own, until its end. @example await runNode(['src/cli/main.ts', '--version'], { cwd }) */
export const runNode = (words: readonly string[], options: ExecFileOptions = {}): Promise<Ended> =>
  promisify(execFile)(process.execPath, words, { ...options, encoding: 'utf8' }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
  );
