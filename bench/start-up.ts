import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/** How long the command takes before it does anything, as a ratio to a bare Node: `node bench/start-up.ts [runs]`. */
const root = resolve(import.meta.dirname, '..');
const runs = Number(process.argv[2] ?? 15);
const main = resolve(root, 'src/cli/main.ts');
const inventory = ['-i', resolve(root, 'inventory.example.yaml')];

const CASES: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  '--version': [main, '--version'],
  '--help': [main, '--help'],
  'inventory validate': [main, 'inventory', 'validate', ...inventory],
};

function measure(args: readonly string[]): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, API7_DB_PASSWORD: 'x', API7_GATEWAY_TOKEN: 'x' },
  });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - begun;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Cases take turns, so that what else the machine does falls on all of them alike. */
const times = new Map(Object.keys(CASES).map((name): [string, number[]] => [name, []]));
for (let run = 0; run < runs; run++)
  for (const [name, args] of Object.entries(CASES)) times.get(name)?.push(measure(args));

const bare = median(times.get('node -e 0') ?? []);
for (const [name, all] of times) {
  const ms = median(all);
  console.log(`${name.padEnd(20)} ${ms.toFixed(0).padStart(5)} ms   ${(ms / bare).toFixed(1)} × bare node`);
}
