import { OrchError } from '../core/base/errors.ts';
import { type Count, wholeNodes } from '../core/play/count.ts';

/**
 * The budget: the most members of a pool of `of` that may be unavailable at once. `pool`: its name for people; '' for
 * nodes in no pool.
 *
 * @throws OrchError BUDGET_ZERO when it is none: no node could ever be changed, and rounding up would exceed the limit
 */
export function budgetOf(count: Count, of: number, pool = ''): number {
  const budget = wholeNodes(count, of);
  if (budget >= 1) return budget;
  const least = Math.ceil(100 / Math.max(1, of));
  const where = pool === '' ? '' : ` in pool ${pool}`;
  throw new OrchError('BUDGET_ZERO', `max_unavailable ${count} of ${of} node${of === 1 ? '' : 's'}${where} is none`, {
    hint: `set max_unavailable: 1, or a share of at least ${least}%`,
  });
}
