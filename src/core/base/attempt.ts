import type { z } from 'zod';

/** The result of `read`; undefined if it throws anything. A deeply nested text exhausts the stack, for example. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The value of a JSON text; undefined: it is no JSON, or not in the form of the schema. */
export const jsonAs = <T extends z.ZodType>(schema: T, text: string): z.output<T> | undefined =>
  attempt(() => schema.parse(JSON.parse(text)));
