import { OrchError } from '../core/base/errors.ts';
import type { Count } from '../core/play/count.ts';

/** Shares such as 14.3% are not exact in binary: what is whole but for that counts as whole. */
const HAIR = 1e-9;

/**
 * Whole nodes of a count or of a share; a share rounds down.
 *
 * @example wholeNodes('50%', 5) // 2
 */
export const wholeNodes = (count: Count, of: number): number =>
  Math.floor((typeof count === 'number' ? count : (of * Number.parseFloat(count)) / 100) + HAIR);

/** Nodes in a wave: at least one, or nothing would ever be done. */
export const batchSize = (count: Count, of: number): number => Math.max(1, wholeNodes(count, of));

/**
 * Most nodes of a role of `of` that may be unavailable at once.
 *
 * @throws OrchError ROLL_BUDGET when that is none: nothing could ever be changed, and rounding up would break the promise
 */
export function budgetOf(count: Count, of: number): number {
  const budget = wholeNodes(count, of);
  if (budget >= 1) return budget;
  const least = Math.ceil(100 / Math.max(1, of));
  throw new OrchError('ROLL_BUDGET', `max_unavailable ${count} of ${of} node${of === 1 ? '' : 's'} is none`, {
    hint: `say max_unavailable: 1, or a share of at least ${least}%`,
  });
}
