import { z } from 'zod';
import type { Service } from '../api7/services.ts';
import { stopFields } from '../tasks/container/stop.ts';
import { absolutePath } from '../tasks/file/fields.ts';

/** What a service is adopted into, as far as an adoption must know it; all of it is plain data. */
export const targetFields = {
  service: z.enum(['gateway', 'dashboard', 'dpManager']) satisfies z.ZodType<Service['name']>,
  /** Name of the container that takes over. */
  container: z.string().min(1),
};

/** The uid file of a gateway: on the host, and where the image has it. */
const uidFile = z.strictObject({ source: absolutePath, target: absolutePath });

/** Parameters of what undoes an adoption. */
export const undoFields = { ...targetFields, ...stopFields, uidFile: uidFile.optional() };
