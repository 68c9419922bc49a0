import { styleText } from 'node:util';
import { OrchError } from '../../core/base/errors.ts';
import { redact } from '../../core/base/redact.ts';
import { safeText } from '../../core/base/safe-text.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import { columnsOf, joined } from '../../render/lines/line.ts';

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
    stream.write(
      joined([`${red('error')} INTERNAL: ${clean(stack)}`, '  this is a bug in api7-orch, please report it']),
    );
    return EXIT_CODES.internal;
  }
  const place = [error.host, error.task].filter((part) => part !== undefined).join(', ');
  const lines = [
    `${red('error')} ${error.code}${place === '' ? '' : ` on ${clean(place)}`}: ${clean(error.message)}`,
    ...(error.hint === undefined ? [] : [`  hint: ${safeText(redact(error.hint, 'words'))}`]),
  ];
  stream.write(joined(lines, columnsOf(stream)));
  return 1;
}

const clean = (text: string): string => safeText(redact(text));
