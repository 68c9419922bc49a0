import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Lab } from './lab.ts';
import { orch } from './orch.ts';
import { leftovers, MANAGED } from './pictures.ts';
import { testLab } from './test-lab.ts';

/** Each costs an install and a half. The variable API7_ORCH_KILLS says how many. */
const KILLS = Number(process.env.API7_ORCH_KILLS ?? 15);

let lab: Lab;
let wholeMs = 0;
beforeAll(async () => {
  lab = await testLab();
  await lab.reset();
  const begun = Date.now();
  expect((await install()).code).toBe(0);
  wholeMs = Date.now() - begun;
});
afterAll(() => lab.down());

/** No clients are around: whether a gateway that was begun answers as its siblings do cannot be said, and need not. */
const install = (killAfterMs?: number) =>
  orch(['run', 'install', '-i', lab.inventory, '--on-hold', 'go'], killAfterMs === undefined ? {} : { killAfterMs });

/** Random moments, one in each equal part of the run, so that no part of it is left out. */
const moments = Array.from({ length: KILLS }, (_, i) => (i + Math.random()) / KILLS);

test.each(moments.map((share, i) => ({ kill: i + 1, share })))(
  'killed at moment $kill of a first install, the next run converges and leaves nothing behind',
  async ({ share }) => {
    await lab.reset();
    const killed = await install(share * wholeMs);
    const next = await install();
    const told = `killed at ${Math.round(share * 100)} % (exit ${killed.code})`;
    expect({ told, code: next.code, errors: next.end?.errors }).toEqual({ told, code: 0, errors: [] });
    for (const host of MANAGED) expect(next.end?.hosts[host]).toMatchObject({ failed: 0, unreachable: 0 });
    expect(await leftovers(lab)).toEqual({});
  },
);
