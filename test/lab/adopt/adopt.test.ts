import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { all } from '../all.ts';
import { reloadBalancer } from '../faults/break-host.ts';
import type { Lab } from '../lab.ts';
import { orch } from '../scenes/orch.ts';
import { ownLab } from '../scenes/test-lab.ts';
import { COMPOSE_FILE, composeName } from '../vendor/compose-project.ts';
import { hostPictures } from '../vendor/host-picture.ts';
import { must, put } from '../vendor/must.ts';
import { startVendorCluster, type Way } from '../vendor/vendor-cluster.ts';
import { listed, ON_CONTROL_PLANE, onGateway } from './by-design.ts';
import {
  discover,
  discovered,
  type Edit,
  identities,
  isWhole,
  keptOn,
  refusalsOf,
  restartsWhole,
  running,
  succeeded,
  underLoad,
  versionsOf,
  withVersion,
} from './scene.ts';

// Clusters that api7-orch did not install are taken over under load. About ten minutes.
vi.setConfig({ testTimeout: 1_200_000 });

describe.runIf(all)('install --adopt', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await ownLab('labs/adopt', { size: { controlPlane: 2, dataPlane: 3, loadBalancers: 1 } });
  });
  afterAll(() => lab?.down());

  async function started(way: Way): Promise<void> {
    await lab.reset(undefined, { keepImages: true });
    await startVendorCluster(lab, way);
  }

  /** Starts a cluster of that kind; returns the inventory that discovery writes of it. */
  async function startedAndDiscovered(way: Way, edit?: Edit): Promise<string> {
    await started(way);
    return await discovered(lab, `adopt-${way}`, edit === undefined ? {} : { edit });
  }

  const adopt = (inventory: string, ...words: readonly string[]) =>
    orch(['run', 'install', '--adopt', '-i', inventory, ...words]);

  /** Takes the cluster over under load; what is seen of its gateways from outside stays as it is. */
  async function isTakenOver(way: Way, inventory: string, words: readonly string[] = []): Promise<void> {
    const before = await identities(lab);
    const { run, load } = await underLoad(lab, () => adopt(inventory, ...words));
    succeeded(run);
    isWhole(`adoption of a cluster by ${way}`, load);
    expect(await identities(lab)).toEqual(before);
    await restartsWhole(lab, inventory, words);
    expect(await identities(lab)).toEqual(before);
  }

  /** Another version goes through as for any cluster; the containers that were taken over stay. */
  async function isUpgraded(inventory: string): Promise<void> {
    const [before, kept] = [await identities(lab), await keptOn(lab)];
    const upgraded = await withVersion(inventory, lab.file.version, '3.10.6');
    const { run, load } = await underLoad(lab, () => orch(['run', 'install', '-i', upgraded, '-e', 'soak=3s']));
    succeeded(run);
    isWhole('change of the version', load);
    expect(Object.values(await versionsOf(lab))).toEqual(Array(7).fill('3.10.6'));
    expect(await identities(lab)).toEqual(before);
    expect(await keptOn(lab)).toEqual(kept);
  }

  test("a cluster of the vendor's page is taken over without a failed request, and changes as any other", async () => {
    const inventory = await startedAndDiscovered('page');
    const check = await adopt(inventory, '--check');
    succeeded(check);
    const image = `api7/api7-ee-3-gateway:${lab.file.version}`;
    for (const host of ['cp-1', 'cp-2']) expect(listed(check, host)).toEqual(ON_CONTROL_PLANE);
    for (const host of ['gw-1', 'gw-2', 'gw-3']) expect(listed(check, host)).toEqual(onGateway(image));
    await isTakenOver('page', inventory);
    await isUpgraded(inventory);
  });

  // Its gateways publish no status port: the balancers of such a cluster ask for the port that clients use.
  test('gateways of the generated script keep certificates and identity', async () => {
    const inventory = await startedAndDiscovered('script');
    await must(
      lab,
      'lb-1',
      `sed -i '/^backend gateways/,/^$/ { s/ check port 7085/ check/; /option httpchk/d }' /etc/haproxy/haproxy.cfg
grep -q 'gw-1 .* check$' /etc/haproxy/haproxy.cfg`,
    );
    await reloadBalancer(lab);
    await isTakenOver('script', inventory);
  });

  test('a cluster of docker compose is refused until it is released by the commands of the hint', async () => {
    await started('compose');
    const pictures = await hostPictures(lab);
    const refused = await discover(lab, 'adopt-compose', { groups: true });
    expect(await hostPictures(lab)).toEqual(pictures);
    const codes = (lines: readonly string[]) => lines.map((line) => line.split(':')[0]);
    expect({ code: refused.code, refusals: codes(refusalsOf(refused.report)) }).toEqual({
      code: 2,
      refusals: [
        ...['cp-1', 'cp-2'].flatMap((host) => [`${host} dashboard COMPOSE`, `${host} dp_manager COMPOSE`]),
        ...['gw-1', 'gw-2', 'gw-3'].map((host) => `${host} gateway COMPOSE`),
      ],
    });
    // Both ways that the hint names: the last gateway goes the second one.
    const was = await running(lab);
    let unmanaged: readonly string[] = [];
    for (const { host, services } of refused.report.hosts) {
      const hints = services.flatMap(({ refusals }) => refusals.map(({ hint }) => hint));
      const ways = hints.map((hint) => /nothing: (mv \S+ \S+); or .* pass (--unmanaged \S+)$/.exec(hint));
      const [move] = new Set(ways.map((way) => way?.[1] ?? `false: ${hints}`));
      if (host === 'gw-3') {
        await put(lab, host, COMPOSE_FILE, 'version: "3"\nservices: {}\n');
        unmanaged = ways[0]?.[2]?.split(' ') ?? [];
      } else if (move !== undefined) await must(lab, host, move);
    }
    expect(unmanaged).toEqual(['--unmanaged', composeName('gateway')]);
    const half = await discover(lab, 'adopt-compose', { groups: true });
    expect({ code: half.code, refusals: codes(refusalsOf(half.report)) }).toEqual({
      code: 2,
      refusals: ['gw-3 gateway COMPOSE'],
    });
    const inventory = await discovered(lab, 'adopt-compose', { words: unmanaged });

    const without = await adopt(inventory);
    expect({ code: without.code, errors: without.end?.errors.map(({ code, host }) => `${host} ${code}`) }).toEqual({
      code: 2,
      errors: ['gw-3 ADOPTION_REFUSED'],
    });
    expect(await running(lab)).toEqual(was);
    await isTakenOver('compose', inventory, unmanaged);

    // What the release promises: nothing starts the old ones again.
    const adopted = await running(lab);
    for (const host of ['gw-1', 'gw-3']) await lab.exec(host, `cd $(dirname ${COMPOSE_FILE}) && docker-compose up -d`);
    expect(await running(lab)).toEqual(adopted);
  });

  test('a gateway whose new container does not become ready: the old one serves, exit code 4', async () => {
    const inventory = await startedAndDiscovered('page', (yaml) =>
      yaml.replace(/^( +)gateway:\n/m, '$1gateway:\n$1  probe: { path: /, host: example.com, status: 418 }\n'),
    );
    const [before, seen] = [await running(lab), await identities(lab)];
    const { run, load } = await underLoad(lab, () => adopt(inventory));
    expect({ code: run.code, errors: run.end?.errors.map(({ code }) => code) }).toEqual({
      code: 4,
      errors: ['NOT_READY'],
    });
    expect(Object.values(run.nodes).map(({ state }) => state)).toEqual(
      expect.arrayContaining(['rolledBack', 'untouched']),
    );
    isWhole('way back', load);
    expect(await running(lab)).toEqual(before);
    expect(await identities(lab)).toEqual(seen);
  });
});
