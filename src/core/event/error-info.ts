import { OrchError } from '../base/errors.ts';
import type { ErrorInfo } from './event.ts';

/** An error as an event carries it: known ones without a stack, unforeseen ones with it. */
export function errorInfoOf(error: unknown, place: { readonly host?: string; readonly task?: string } = {}): ErrorInfo {
  const known = error instanceof OrchError ? error : undefined;
  const host = known?.host ?? place.host;
  const task = known?.task ?? place.task;
  const stack =
    known !== undefined && known.code !== 'INTERNAL' ? undefined : error instanceof Error ? error.stack : undefined;
  return {
    code: known?.code ?? 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(host === undefined ? {} : { host }),
    ...(task === undefined ? {} : { task }),
    ...(known?.details === undefined ? {} : { details: known.details }),
    ...(stack === undefined ? {} : { stack }),
  };
}
