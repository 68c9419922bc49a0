import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { all } from '../lab/all.ts';
import { faultOf, fuzz } from './fuzz.ts';
import { TARGETS } from './targets.ts';

/** `npm run test:all` gives each target a minute; longer by `npm run fuzz`. */
const FOR_MS = all ? 60_000 : 3000;
const GROWTH_MIB = 200;
const seed = Number(process.env.API7_ORCH_FUZZ_SEED ?? Date.now() % 1_000_000);

test.each(Object.entries(TARGETS))(
  `%s reads any input, seed ${seed}`,
  { timeout: 3 * 60_000 },
  async (name, target) => {
    const { executions, slowest, grownMiB, failure } = await fuzz(name, target, { forMs: FOR_MS, seed });
    console.log(
      `fuzz ${name}: ${executions} executions, slowest ${slowest.ms} ms for ${slowest.bytes} bytes, +${grownMiB} MiB`,
    );
    expect(failure).toBeUndefined();
    expect(executions).toBeGreaterThan(3);
    expect(grownMiB).toBeLessThan(GROWTH_MIB);
  },
);

// Inputs that were misread once: `found/TARGET-what.txt`.
const found = join(import.meta.dirname, 'found');

test.each(readdirSync(found))('found once: %s', async (file) => {
  const target = TARGETS[file.split('-')[0] ?? ''];
  expect(target && (await faultOf(target, readFileSync(join(found, file))))).toBeUndefined();
  expect(target).toBeDefined();
});

test('a reader that throws or takes long is detected', async () => {
  const { input } = TARGETS.nginx ?? expect.fail();
  const throws = await fuzz('none', { input, read: () => JSON.parse('{') }, { forMs: 1000, seed });
  expect(throws.failure?.why).toContain('SyntaxError');
  const slow = () => {
    for (const since = process.cpuUsage(); process.cpuUsage(since).user < 700_000; );
  };
  expect(await faultOf({ input, read: slow }, 'short')).toMatch(/^it takes \d+ ms for 5 bytes$/);
});
