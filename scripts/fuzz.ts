import { parseArgs } from 'node:util';
import { fuzz } from '../test/fuzz/fuzz.ts';
import { TARGETS } from '../test/fuzz/targets.ts';

const usage = `usage: npm run fuzz -- [--minutes M] [--seed N] [NAME…]; names: ${Object.keys(TARGETS).join(' ')}`;
const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const names = positionals.length === 0 ? Object.keys(TARGETS) : positionals;
if (!(minutes > 0) || !Number.isInteger(seed) || names.some((name) => TARGETS[name] === undefined)) {
  console.error(usage);
  process.exit(2);
}
console.log(`seed ${seed}, ${minutes} min for all of ${names.join(', ')}`);
let failed = false;
for (const name of names) {
  const target = TARGETS[name];
  if (target === undefined) continue;
  const { executions, slowest, grownMiB, failure } = await fuzz(name, target, {
    forMs: (minutes * 60_000) / names.length,
    seed,
  });
  console.log(
    `${name}: ${executions} executions, slowest ${slowest.ms} ms for ${slowest.bytes} bytes, memory +${grownMiB} MiB`,
  );
  if (failure === undefined) continue;
  failed = true;
  console.error(`${name} fails on ${failure.file}:\n${failure.why}`);
}
process.exit(failed ? 1 : 0);
