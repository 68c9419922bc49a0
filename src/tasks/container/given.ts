import { z } from 'zod';
import { absolutePath, secretOrText } from '../file/fields.ts';

const mount = z.strictObject({ source: absolutePath, target: absolutePath, readOnly: z.boolean().default(true) });

/** Environment and mounts of a container's process, as task parameters. */
export const givenFields = {
  mounts: z.array(mount).readonly().default([]),
  env: z.record(z.string().regex(/^[^=\0]+$/, { error: 'must be a variable name' }), secretOrText).default({}),
};
