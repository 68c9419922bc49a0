import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { OrchError } from './errors.ts';

/** zod: a duration text, parsed to milliseconds. */
export const duration = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: error instanceof OrchError ? `${error.message}: ${error.hint}` : String(error),
    });
    return z.NEVER;
  }
});
