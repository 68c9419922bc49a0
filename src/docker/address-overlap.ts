const ALL = new Set(['', '0.0.0.0', '::']);

/** Whether a port bound to one of these host addresses is taken on the other: all addresses include each. */
export const addressesOverlap = (a: string, b: string): boolean => ALL.has(a) || ALL.has(b) || a === b;
