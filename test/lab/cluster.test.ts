import { afterAll, beforeAll } from 'vitest';
import { changeUnderLoad } from './cluster/change-under-load.ts';
import { drift } from './cluster/drift.ts';
import { failures } from './cluster/failures.ts';
import { firstInstall } from './cluster/first-install.ts';
import type { InstallTimes } from './cluster/kill-moment.ts';
import { kills } from './cluster/kills.ts';
import { refusals } from './cluster/refusals.ts';
import type { Lab } from './lab.ts';
import { testLab } from './scenes/test-lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await testLab();
  await lab.reset();
});
afterAll(() => lab.down());

// In this order, on one lab: each part begins where the one before it ends.
const at = () => lab;
const times: InstallTimes = { ends: [] };
refusals(at);
firstInstall(at, times);
drift(at);
changeUnderLoad(at);
failures(at);
kills(at, times);
