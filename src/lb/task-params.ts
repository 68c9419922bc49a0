import { z } from 'zod';
import { duration } from '../core/base/duration-param.ts';
import { portNumber } from '../core/base/port-number.ts';
import type { Balancer } from '../core/host/balancer.ts';

/** Parameters of every task about a node on a balancer. */
export const where = {
  balancer: z.custom<Balancer>((value) => typeof value === 'object' && value !== null && 'view' in value),
  member: z.strictObject({ node: z.string(), address: z.string(), port: portNumber }),
};

/** A time span: `10s`, or milliseconds as a number. */
export const span = z.union([duration, z.int().min(0)]);
