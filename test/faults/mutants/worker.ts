import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { mutated } from './apply.ts';
import type { TableJob } from './tables.ts';

// A worker thread: loads one table with the source as it is, or with one mutant in it, and plays all its cases. Nothing is
// written to disk: a load hook replaces the text as Node reads the file.

const { root, table, mutant } = workerData as TableJob;
let isApplied = false;

if (mutant !== undefined) {
  const target = pathToFileURL(`${root}/${mutant.file}`).href;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      const source = mutated(String(loaded.source), mutant);
      isApplied = true;
      return { ...loaded, source };
    },
  });
}

const { cases, play } = (await import(table)) as { cases: readonly unknown[]; play(one: unknown): unknown };
let failure: string | undefined;
const isPlayed = mutant === undefined || isApplied;
// Not one kind of case after another: a mutant that only one kind notices is then noticed early, too.
for (const one of isPlayed ? begunWith(mutant?.first, scattered(cases)) : []) {
  try {
    await play(one);
  } catch (error) {
    if (error instanceof ReferenceError) throw error;
    failure = `${error instanceof Error ? error.message : error}: ${JSON.stringify(one)}`;
    break;
  }
}
parentPort?.postMessage({ isApplied, cases: cases.length, failure });

/** The cases that have this text in their JSON, then the others. @throws Error if no case has it */
function begunWith<T>(text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all;
  const { early = [], late = [] } = Object.groupBy(all, (one) =>
    JSON.stringify(one).includes(text) ? 'early' : 'late',
  );
  if (early.length === 0) throw new Error(`no case contains ${text}`);
  return [...early, ...late];
}

/** The same cases in another order, the same in each run: neighbors are far apart, by the golden ratio. */
function scattered<T>(all: readonly T[]): readonly T[] {
  const at = (i: number): number => (i * 0.618_033_988_75) % 1;
  return [...all.entries()].sort(([a], [b]) => at(a) - at(b)).map(([, one]) => one);
}
