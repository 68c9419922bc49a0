/**
 * The duration of each operation of a host in milliseconds: drawn from a seed, or zero in every other case, where all operations
 * that can happen at once do.
 */
export function delays(seed: number): () => number {
  if (seed % 2 === 0) return () => 0;
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * 4) * 10;
  };
}
