import { Worker } from 'node:worker_threads';
import type { Mutant } from './mutant.ts';
import type { Verdict } from './mutants.ts';

/** The input of a worker thread. */
export interface TableJob {
  readonly root: string;
  readonly table: string;
  readonly mutant: Mutant | undefined;
}

interface Played {
  readonly isApplied: boolean;
  readonly cases: number;
  readonly failure: string | undefined;
}

const TABLES = { matrix: './matrix.ts', engine: './engine-table.ts' } as const;

/** A table takes a few seconds of processor time. A mutant that takes this much never ends, and that counts as noticed. */
const LIMIT_MS = 30_000;

/** Plays a table in a worker thread, with a mutant or without any. */
export async function playTable(root: string, by: keyof typeof TABLES, mutant?: Mutant): Promise<Verdict> {
  const job: TableJob = { root, table: TABLES[by], mutant };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: job });
  return await new Promise((resolve) => {
    const limit = setInterval(async () => {
      // Processor time, because on a busy machine a table that does end may take minutes.
      const { user, system } = await worker.cpuUsage().catch(() => ({ user: 0, system: 0 }));
      if ((user + system) / 1000 < LIMIT_MS) return;
      settle({ kind: 'noticed', by: 'it never ends' });
      await worker.terminate();
    }, 1000);
    const settle = (verdict: Verdict): void => {
      clearInterval(limit);
      resolve(verdict);
    };
    worker.once('error', (error) => settle({ kind: 'broken', why: String(error) }));
    worker.once('message', (played: Played) => settle(verdictOf(played, mutant)));
    worker.once('exit', (code) => settle({ kind: 'broken', why: `the worker thread ended with ${code}` }));
  });
}

function verdictOf({ isApplied, cases, failure }: Played, mutant: Mutant | undefined): Verdict {
  if (mutant !== undefined && !isApplied) return { kind: 'broken', why: `the table does not load ${mutant.file}` };
  return failure === undefined ? { kind: 'unnoticed', passed: cases } : { kind: 'noticed', by: failure };
}
