import { posix } from 'node:path';
import { z } from 'zod';
import { Secret } from '../../core/base/secret.ts';

/** An absolute path in normalized form, so that two tasks on the same path are recognized. */
export const absolutePath = z
  .string()
  .refine(
    (path) =>
      path.startsWith('/') &&
      path !== '/' &&
      !path.endsWith('/') &&
      !path.includes('\0') &&
      posix.normalize(path) === path,
    {
      error: 'must be an absolute path without ".", "..", "//" or a "/" at its end',
    },
  );

/** Permission bits, as text only: the number 644 could mean octal or decimal. */
export const octalMode = z
  .string()
  .regex(/^[0-7]{4}$/, { error: "must be four octal digits in quotes, such as '0644'" });

const error = "must be a name such as 'root' or a number such as 636 (without quotes)";

/** An owner or group: a name, or a number if the host has no name for it. */
export const account = z.union(
  [z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*\$?$/, { error }), z.int().min(0, { error })],
  {
    error,
  },
);

/** Text that may be secret. */
export const secretOrText = z.custom<string | Secret>((value) => typeof value === 'string' || value instanceof Secret, {
  error: 'must be a text or a secret',
});
