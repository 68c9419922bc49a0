import { styleText } from 'node:util';
import { OrchError } from '../core/base/errors.ts';
import { redact } from '../core/base/redact.ts';
import { indented, safeText } from '../core/base/safe-text.ts';
import { EXIT_CODES } from '../core/event/exit-codes.ts';

/**
 * Prints an error that ended a command before or outside of a run, and returns its exit code. Known errors take a few
 * lines; only unexpected ones include their stack.
 */
export function report(error: unknown, stream: NodeJS.WriteStream): number {
  if (error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.'))
    return error.exitCode === 0 ? 0 : 1;
  const red = (text: string): string => styleText('red', text, { stream, validateStream: true });
  if (!(error instanceof OrchError) || error.code === 'INTERNAL') {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stream.write(`${red('error')} INTERNAL: ${clean(stack)}\n  this is a bug in api7-orch, please report it\n`);
    return EXIT_CODES.internal;
  }
  const place = [error.host, error.task].filter((part) => part !== undefined).join(', ');
  stream.write(`${red('error')} ${error.code}${place === '' ? '' : ` on ${clean(place)}`}: ${clean(error.message)}\n`);
  if (error.hint !== undefined) stream.write(`${indented(`  hint: ${safeText(redact(error.hint, 'words'))}`)}\n`);
  return 1;
}

const clean = (text: string): string => indented(safeText(redact(text)));
