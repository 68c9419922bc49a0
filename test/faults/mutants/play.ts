import { filePlayer } from './files.ts';
import { JOBS, type Job, type Verdict } from './mutants.ts';
import { playTable } from './tables.ts';

// A process of its own: a vitest cannot start another vitest in its workers. Plays the jobs in two lanes, one for each of two cores,
// and sends each verdict to its parent as soon as it is known.

const root = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');

await using files = await filePlayer(root);

async function verdictOf({ by, mutant }: Job): Promise<Verdict> {
  try {
    return typeof by === 'string' ? await playTable(root, by, mutant) : await files.play(by, mutant);
  } catch (error) {
    return { kind: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function lane(jobs: Iterable<readonly [number, Job]>): Promise<void> {
  for (const [at, job] of jobs) process.send?.({ at, verdict: await verdictOf(job) });
}

const all = [...JOBS.entries()];
// Both lanes take from the one iterator of tables, each as soon as it is free.
const tables = all.filter(([, { by }]) => typeof by === 'string').values();
await Promise.all([lane(tables), lane(all.filter(([, { by }]) => typeof by !== 'string')).then(() => lane(tables))]);
process.disconnect?.();
