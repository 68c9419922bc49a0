import { jsonRenderer } from './json.ts';
import { plainRenderer } from './plain.ts';
import type { Detail, Renderer } from './renderer.ts';
import { ttyRenderer } from './tty/tty.ts';

export type OutputForm = 'tty' | 'plain' | 'json';

export interface ChooseOptions extends Detail {
  /** Default: `tty` on a capable terminal, else `plain`. */
  readonly output?: OutputForm;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * The requested renderer, or the one that fits the output. `tty` needs a terminal: without one it becomes `plain`.
 *
 * @example const renderer = chooseRenderer({ stdout: process.stdout, stderr: process.stderr, verbose: false, diff:
 *   false });
 */
export function chooseRenderer({ output, stdout, stderr, env = process.env, ...detail }: ChooseOptions): Renderer {
  if (output === 'json') return jsonRenderer(stdout);
  const paintable = stdout.isTTY === true && env.TERM !== 'dumb';
  const asked = output ?? (env.CI === undefined || env.CI === '' ? 'tty' : 'plain');
  return asked === 'tty' && paintable
    ? ttyRenderer({ stdout, stderr, ...detail })
    : plainRenderer({ stdout, stderr, ...detail });
}
