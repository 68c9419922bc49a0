import { OrchError } from '../base/errors.ts';
import type { ErrorInfo } from './event.ts';

/** An error in the form that events carry: known errors without a stack, unexpected errors with it. */
export function errorInfoOf(error: unknown, place: { readonly host?: string; readonly task?: string } = {}): ErrorInfo {
  const known = error instanceof OrchError ? error : undefined;
  const isForeseen = known !== undefined && known.code !== 'INTERNAL';
  return {
    code: known?.code ?? 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    hint: known?.hint,
    host: known?.host ?? place.host,
    task: known?.task ?? place.task,
    details: known?.details,
    stack: !isForeseen && error instanceof Error ? error.stack : undefined,
  };
}
