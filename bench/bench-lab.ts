import { join } from 'node:path';
import { type Lab, upLab } from '../test/lab/lab.ts';
import { paths } from '../test/lab/paths.ts';
import { timed } from './command.ts';
import type { Bench } from './context.ts';

let shared: Promise<Lab> | undefined;

/** The seven hosts of `npm run lab`, separate from the interactive ones, with everything installed. Shared by cases. */
export function benchLab(bench: Bench): Promise<Lab> {
  shared ??= bringUp(bench);
  return shared;
}

async function bringUp(bench: Bench): Promise<Lab> {
  bench.note('bringing up seven hosts');
  const lab = await upLab({ directory: join(paths.cache, 'bench-lab'), owned: true, note: bench.note });
  bench.undo(() => lab.down());
  bench.note('installing on them');
  await timed([...bench.orch, 'run', 'install', '-i', lab.inventory]);
  return lab;
}
