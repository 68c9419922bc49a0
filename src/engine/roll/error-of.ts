import { OrchError } from '../../core/base/errors.ts';
import type { ErrorInfo } from '../../core/event/event.ts';

/** An error again, of what was told of it. */
export const errorOf = ({ code, message, ...rest }: ErrorInfo): OrchError => new OrchError(code, message, rest);
