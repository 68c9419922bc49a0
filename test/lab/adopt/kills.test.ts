import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { all } from '../all.ts';
import type { Lab } from '../lab.ts';
import { hostsOf } from '../plan/lab-file.ts';
import { daySeed, everyNth } from '../scenes/day-seed.ts';
import { ownLab } from '../scenes/test-lab.ts';
import { COMPOSE_FILE } from '../vendor/compose-project.ts';
import { must } from '../vendor/must.ts';
import { startVendorCluster } from '../vendor/vendor-cluster.ts';
import { killAndRepeat } from './kill-and-repeat.ts';
import { CONTROL_PLANE_KILLS, GATEWAY_KILLS, titleOf } from './moments.ts';
import { discovered } from './scene.ts';

vi.setConfig({ testTimeout: 600_000 });

const EVERY = [...GATEWAY_KILLS, ...CONTROL_PLANE_KILLS];

/** The day draws one of the gateways' kills: replacing the only control plane would be an outage. */
const drawn = everyNth(GATEWAY_KILLS.length, GATEWAY_KILLS);
const kills = (all ? EVERY : drawn).map((kill) => ({ title: titleOf(kill), kill }));

describe('a run of install --adopt that is killed', () => {
  let lab: Lab;
  let inventory: string;

  beforeAll(async () => {
    const again = `API7_ORCH_SEED=${daySeed()} npx vitest run --project lab test/lab/adopt/kills.test.ts`;
    process.stderr.write(`lab: ${kills.length} kills of ${EVERY.length}; to repeat them: ${again}\n`);
    lab = await ownLab('labs/adopt-kills', { size: { controlPlane: all ? 2 : 1, dataPlane: 2, loadBalancers: 1 } });
    await lab.reset(undefined, { keepImages: true });
    await startVendorCluster(lab, 'compose');
    const hosts = (['control_plane', 'data_plane'] as const).flatMap((role) => hostsOf(lab.file, role));
    await Promise.all(hosts.map((host) => must(lab, host, `mv ${COMPOSE_FILE} ${COMPOSE_FILE}.released`)));
    inventory = await discovered(lab, 'adopt-kills');
  });
  afterAll(() => lab?.down());

  test.each(kills)('$title: the next one finishes it, and no request fails', ({ kill }) =>
    killAndRepeat(lab, inventory, kill, { resumes: EVERY.indexOf(kill) % 2 === 1 }),
  );
});
