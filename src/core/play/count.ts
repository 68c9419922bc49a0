/** How many hosts: a number, or a share of the play's hosts. A share rounds down, but to at least 1. */
export type Count = number | `${number}%`;

/** Shares such as 14.3% are not exact in binary: a value this close below a whole number counts as whole. */
const HAIR = 1e-9;

/**
 * Whole nodes of a count or of a share; a share rounds down.
 *
 * @example wholeNodes('50%', 5) // 2
 */
export const wholeNodes = (count: Count, of: number): number =>
  Math.floor((typeof count === 'number' ? count : (of * Number.parseFloat(count)) / 100) + HAIR);

/** Nodes of a batch: at least one, so that the play makes progress. */
export const batchSize = (count: Count, of: number): number => Math.max(1, wholeNodes(count, of));
