import { z } from 'zod';
import { defined } from '../core/base/data.ts';
import { parseDuration } from '../core/base/duration.ts';
import type { Count } from '../core/play/count.ts';
import type { RollingOptions } from '../core/play/rolling.ts';

/** `2`, or `25%`. Command-line variables are texts. */
const count = z.union([
  z.coerce.number().int().min(1),
  z.string().regex(/^(100|[1-9]?\d(\.\d+)?)%$/, { error: 'must be a number, or a share such as 25%' }),
]);

const isDuration = (text: string): boolean => {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
};

/** Options of a rolling change from the command line: `-e batch=2 -e max_unavailable=2`. */
export const rollingVars = z.strictObject({
  canary: z.coerce.number().int().min(0).optional(),
  /** One size, or a list: `1,2,50%`. */
  batch: z
    .preprocess(
      (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
      z.array(count),
    )
    .optional(),
  max_unavailable: count.optional(),
  max_failures: z.coerce.number().int().min(0).optional(),
  /** Names, separated by commas. */
  order: z
    .preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(z.string()))
    .optional(),
  soak: z.string().refine(isDuration, { error: 'must be a duration such as 10s' }).optional(),
  canary_weight: z
    .string()
    .regex(/^(100|[1-9]\d?)%$/, { error: 'must be a share from 1% to 100%, such as 10%' })
    .optional(),
});

/** @example rollingOf({ batch: [2], max_unavailable: 2 }) // { batch: [2], maxUnavailable: 2 } */
export function rollingOf(vars: z.output<typeof rollingVars>): RollingOptions {
  const { canary, batch, max_unavailable, max_failures, order, soak, canary_weight } = vars;
  return {
    ...defined({
      canary,
      batch: batch as readonly Count[] | undefined,
      maxUnavailable: max_unavailable as Count | undefined,
      maxFailures: max_failures,
      order,
      soak,
      canaryWeight: canary_weight,
    }),
  };
}
