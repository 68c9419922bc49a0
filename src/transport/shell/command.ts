import { StringDecoder } from 'node:string_decoder';
import { commandLine, quote } from '../../core/base/argv.ts';
import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { redact } from '../../core/base/redact.ts';
import { reveal } from '../../core/base/secret.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import { tail } from '../../core/bounds/tail.ts';
import type { Command, RunOptions, RunResult } from '../../core/host/connection.ts';
import { runShell } from './channel.ts';
import { pieces } from './feed.ts';
import type { Launch, Rights } from './shell-process.ts';

/** A shell's exit code if it cannot enter the directory, as for a program that it cannot run. */
const NO_DIRECTORY = 126;

/** Runs a user's command with its own environment, directory, input and limits. */
export async function runCommand(
  launch: Launch,
  rights: Rights,
  command: Command,
  options: RunOptions = {},
): Promise<RunResult> {
  const stdout = tail(LIMITS.commandOutput.bytes);
  const stderr = tail(LIMITS.commandOutput.bytes);
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  const emit = (stream: 'stdout' | 'stderr', text: string): void | Promise<void> =>
    text === '' ? undefined : options.onOutput?.(stream, text);
  const bytes = inputBytes(options.stdin);
  try {
    const exit = await runShell(launch, rights, {
      script: commandScript(command, options),
      ...defined({ stdin: bytes && pieces(bytes) }),
      timeoutMs: options.timeoutMs ?? LIMITS.commandOutput.ms,
      ...defined({ idleMs: options.idleMs, signal: options.signal }),
      onStdout: (chunk) => {
        stdout.push(chunk);
        return emit('stdout', decoders.stdout.write(chunk));
      },
      onStderr: (chunk) => {
        stderr.push(chunk);
        return emit('stderr', decoders.stderr.write(chunk));
      },
    });
    await emit('stdout', decoders.stdout.end());
    await emit('stderr', decoders.stderr.end());
    return { ...exit, stdout: stdout.text(), stderr: stderr.text() };
  } catch (error) {
    throw withOutput(error, stdout.text() + stderr.text());
  }
}

const inputBytes = (input: RunOptions['stdin']): Uint8Array | undefined =>
  input === undefined || input instanceof Uint8Array ? input : Buffer.from(reveal(input));

/** The script that runs a command in the host's shell. @throws OrchError COMMAND_INVALID */
export function commandScript(command: Command, options: RunOptions): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new OrchError('COMMAND_INVALID', `"${name}" cannot be the name of an environment variable`);
    lines.push(`export ${name}=${quote(reveal(value))}`);
  }
  if (options.cwd !== undefined) {
    const directory = options.cwd.startsWith('/') ? options.cwd : `./${options.cwd}`;
    lines.push(`cd ${quote(directory)} || exit ${NO_DIRECTORY}`);
  }
  if ('script' in command) return [...lines, command.script].join('\n');
  if (command.argv.length === 0) throw new OrchError('COMMAND_INVALID', 'a command needs at least one word');
  return [...lines, `exec ${commandLine(command.argv)}`].join('\n');
}

/** Adds the last output of a killed command to the error. */
function withOutput(error: unknown, output: string): unknown {
  if (!(error instanceof OrchError) || error.details !== undefined || output === '') return error;
  const hint = defined({ hint: error.hint });
  return new OrchError(error.code, error.message, {
    ...hint,
    retryable: error.retryable,
    details: redact(output).slice(-2000),
    cause: error.cause,
  });
}
