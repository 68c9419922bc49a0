import type { Mutant } from './mutant.ts';

/** The source with the mutant in it. @throws Error unless the text of the mutant is in it exactly once */
export function mutated(source: string, { file, find, replace }: Mutant): string {
  const count = source.split(find).length - 1;
  if (count !== 1) throw new Error(`${file} contains the text of the mutant ${count} times, not once: ${find}`);
  // A function, because a text may contain `$&`.
  return source.replace(find, () => replace);
}
