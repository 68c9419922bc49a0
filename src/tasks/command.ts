import { z } from 'zod';
import { commandLine } from '../core/base/argv.ts';
import { defined } from '../core/base/data.ts';
import { duration } from '../core/base/duration-param.ts';
import { OrchError } from '../core/base/errors.ts';
import { redact } from '../core/base/redact.ts';
import { howItEnded, lastOutput } from '../core/host/command-end.ts';
import type { Command, RunOptions, RunResult } from '../core/host/connection.ts';
import { defineTask } from '../core/task/define-task.ts';
import { absolutePath, secretOrText } from './file/fields.ts';

const error = 'must be a list of words, or a script for sh; pass secrets by stdin';
const commandText = z.union([z.array(z.string()).min(1, { error }).readonly(), z.string().regex(/\S/, { error })], {
  error,
});

const params = z
  .strictObject({
    run: commandText,
    name: z.string().min(1).optional(),
    creates: absolutePath.optional(),
    unless: commandText.optional(),
    always: z.literal(true, { error: 'must be true or left out' }).optional(),
    stdin: secretOrText.optional(),
    cwd: absolutePath.optional(),
    timeout: duration.prefault('10m'),
    /** `none`: it cannot interrupt traffic, so it does not wait for the drain. */
    impact: z.enum(['none', 'node']).default('node'),
  })
  .refine((p) => [p.creates, p.unless, p.always].filter((given) => given !== undefined).length === 1, {
    error:
      'needs exactly one of "creates" (a path that is there afterwards), "unless" (a command that succeeds when nothing is to be done), "always: true"',
  });

type Params = z.output<typeof params>;

const asCommand = (text: string | readonly string[]): Command =>
  typeof text === 'string' ? { script: text } : { argv: text };

const wholeText = (p: Params): string => (typeof p.run === 'string' ? p.run.trim() : commandLine(p.run));

function shortName(p: Params): string {
  if (p.name !== undefined) return p.name;
  const text = typeof p.run === 'string' ? p.run.trim() : p.run.join(' ');
  // Redacted before the cut: half a secret would not be found.
  const [first = '', ...more] = redact(text, 'words').split('\n');
  return more.length === 0 && first.length <= 60 ? first : `${first.slice(0, 60)}…`;
}

const options = (p: Params): RunOptions => ({ timeoutMs: p.timeout, ...defined({ cwd: p.cwd }) });

/**
 * Runs a command unless its effect exists already. With `always` it runs every time and always counts as changed.
 *
 * @throws OrchError COMMAND_FAILED when it does not exit with 0; details hold the last lines of its output
 * @example yield command({ run: ['sysctl', '-p', '/etc/sysctl.d/api7.conf'], unless: 'test "$(sysctl -n
 *   net.core.somaxconn)" = 4096' });
 */
export const command = defineTask<typeof params, void, { readonly done: boolean }, void>({
  kind: 'command',
  params,
  claim: (p) => `command:${p.name ?? wholeText(p)}`,
  title: (p) => `command ${shortName(p)}`,
  impact: (p) => p.impact,
  afterPending: 'unknown',
  confirmed: (p) => p.always === undefined,
  async read(p, host) {
    if (p.creates !== undefined) return { done: (await host.stat(p.creates)) !== null };
    if (p.unless === undefined) return { done: false };
    const result = await host.test(asCommand(p.unless), options(p));
    if (result.code === null) throw failed('the "unless" of this command', result);
    return { done: result.code === 0 };
  },
  want: () => ({ done: true }),
  async write(p, _change, host) {
    const result = await host.run(asCommand(p.run), {
      ...options(p),
      ...defined({ stdin: p.stdin }),
    });
    if (result.code !== 0) throw failed(`"${shortName(p)}"`, result);
  },
});

function failed(what: string, result: RunResult): OrchError {
  const details = lastOutput(result);
  return new OrchError('COMMAND_FAILED', `${what} ${howItEnded(result)}`, {
    hint:
      details === ''
        ? 'it printed nothing; run it manually on the host'
        : 'read its last lines; correct the cause and run again',
    details,
  });
}
