import { OrchError } from '../../core/base/errors.ts';
import type { ErrorInfo } from '../../core/event/event.ts';

/** An error again, of what was told of it. */
export function errorOf({ code, message, hint, host, task, details }: ErrorInfo): OrchError {
  return new OrchError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(host === undefined ? {} : { host }),
    ...(task === undefined ? {} : { task }),
    ...(details === undefined ? {} : { details }),
  });
}
