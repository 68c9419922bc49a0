/** Edits (insert, delete, replace, swap of neighbors) between two words: optimal string alignment. */
function distance(a: string, b: string): number {
  let older: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (older[j - 2] ?? 0) + 1 : replaced;
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped));
    }
    [older, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

const foldName = (word: string): string => word.toLowerCase().replaceAll(/[-_ ]/g, '');

/**
 * The candidate that a mistyped word most likely means: ignores case, `-` and `_`, then allows one edit per three
 * letters.
 *
 * @example didYouMean('adress', ['address', 'zone']) // 'address'
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = foldName(word);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(wanted, foldName(candidate));
    if (edits < least && edits < wanted.length) [best, least] = [candidate, edits];
  }
  return best;
}

/** `; did you mean "address"?`, or the choices if none is near. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = didYouMean(word, candidates);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return candidates.length === 0 ? '' : ` (known: ${candidates.join(', ')})`;
}
