import { z } from 'zod';

/** A TCP port among the parameters of a task: 1 to 65535. @example ports: z.array(portNumber) */
export const portNumber = z.int().min(1).max(65_535);
