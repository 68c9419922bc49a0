import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { all } from './all.ts';
import type { Lab } from './lab.ts';
import { doctorCases } from './scenes/doctor-cases.ts';
import { GATEWAYS, inventoryOf, killedRun, managedHosts, type Version } from './scenes/killed-run.ts';
import { repairFleet } from './scenes/rolling-scene.ts';
import { expectSuccess, installedLab, quickRun } from './scenes/small-lab.ts';
import { type WorkingFolder, workingFolder } from './scenes/working-folder.ts';

/** Files, images, containers with their settings, and the state of the balancers' servers. */
const WORLD = `
find /opt/api7 -printf '%p %y %m %u %g\\n' 2>/dev/null | sort
find /opt/api7 -type f ! -name .gateway-loaded -exec sha256sum {} + 2>/dev/null | sort -k2
[ "$(cat /opt/api7/.gateway-loaded 2>/dev/null)" = "$(docker inspect -f '{{.Id}}' api7-gateway 2>/dev/null)" ] && echo loaded
ls -R /var/lib/api7-orch/previous 2>/dev/null
docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
docker ps -aq | xargs -r docker inspect -f '{{.Name}} {{.State.Status}} {{.Image}} {{json .Config.Env}} {{json .Config.Labels}} {{json .HostConfig}}' | sort
[ -S /run/haproxy/admin.sock ] && echo 'show servers state' | socat - UNIX:/run/haproxy/admin.sock | cut -d' ' -f2,4,6,7,8; true
`;

async function worldOf(lab: Lab): Promise<Readonly<Record<string, string>>> {
  const all = await Promise.all(
    managedHosts(lab).map(async (host) => [host, (await lab.exec(host, WORLD)).out] as const),
  );
  return Object.fromEntries(all);
}

// One of the seeds is played daily, in the lab of locks.test.ts.
describe.runIf(all)('runs that ended early', () => {
  let lab: Lab;
  let colleague: WorkingFolder;

  beforeAll(async () => {
    lab = await installedLab('resume', { controlPlane: 1, dataPlane: 3, loadBalancers: 2 });
    colleague = await workingFolder(lab, 'colleague');
  });
  afterAll(() => lab.down());
  // A failed seed must not fail the next one.
  beforeEach(async () => {
    await Promise.all(managedHosts(lab).map((host) => lab.exec(host, 'rm -rf /var/lib/api7-orch/runs /run/api7-orch')));
    await repairFleet(lab);
  });

  doctorCases(
    () => lab,
    () => colleague,
  );

  describe('records the state after an uninterrupted run', () => {
    const uninterrupted = new Map<Version, Readonly<Record<string, string>>>();
    const installed = (inventory: string) => quickRun(lab, 'install', { inventory, words: GATEWAYS });

    beforeAll(async () => {
      // The first installation has the images of one version only.
      for (const version of ['3.10.6', '3.10.5'] as const) {
        await expectSuccess(lab, installed(await inventoryOf(lab, version)));
        uninterrupted.set(version, await worldOf(lab));
      }
    });

    test.for([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
      'killed and resumed, a run ends in the same state, seed %i',
      async (seed, { onTestFailed }) => {
        onTestFailed(async () => void (await installed(lab.inventory)));
        const version = await killedRun(lab, colleague, seed);
        expect(await worldOf(lab)).toEqual(uninterrupted.get(version));
      },
    );
  });
});
