import { resolve } from 'node:path';
import { vi } from 'vitest';
import { runWords } from '../../src/cli/program.ts';
import { type Ended, runNode } from '../support/base/run-node.ts';

const cwd = resolve(import.meta.dirname, '../..');
/** With the secrets of inventory.example.yaml. */
const ENV = { API7_DB_PASSWORD: 'x-pass-1', API7_GATEWAY_TOKEN: 'x-token-1', NO_COLOR: '1' };

/** Runs a command line as a user does: in a process of its own. That takes as much processor time as hundreds of other tests. */
export const started = (...words: readonly string[]): Promise<Ended> =>
  runNode(['src/cli/main.ts', ...words], { cwd, env: { ...process.env, ...ENV } });

/** Runs a command line in this process. Not for playbooks that Node itself must load. */
export async function inProcess(...words: readonly string[]): Promise<Ended> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      printed[name] += String(chunk);
      return true;
    }),
  );
  for (const [name, value] of Object.entries(ENV)) vi.stubEnv(name, value);
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await runWords(words);
    return { code: Number(process.exitCode ?? 0), ...printed };
  } finally {
    process.exitCode = before;
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
