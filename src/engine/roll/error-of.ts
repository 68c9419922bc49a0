import { OrchError } from '../../core/base/errors.ts';
import type { ErrorInfo } from '../../core/event/event.ts';

/** The error again, from the form that events carry. */
export const errorOf = ({ code, message, ...rest }: ErrorInfo): OrchError => new OrchError(code, message, rest);
