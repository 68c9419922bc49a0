import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all } from './all.ts';
import { inventoryWith } from './config/inventory-with.ts';
import type { Lab } from './lab.ts';
import { steadyLoad } from './load/traffic.ts';
import type { OrchRun } from './scenes/orch.ts';
import { codesOf, expectSuccess, installedLab, QUICK_INSTALL, quickRun } from './scenes/small-lab.ts';

// Each setting of a container on real Engines: set, unchanged by the next run, and replaced by a rolling change after a
// difference or removal. Two gateways behind one balancer; each rolling change takes about half a minute.

const GATEWAYS = ['gw-1', 'gw-2'] as const;

/** A setting in the inventory, another value of it, and where an Engine shows it. */
const SETTINGS: readonly (readonly [setting: string, other: string, shown: string])[] = [
  ['env: { REGION: eu }', 'env: { REGION: us }', '.Config.Env'],
  [
    'mounts: [{ source: /srv/plugins, target: /opt/plugins }]',
    'mounts: [{ source: /srv/plugins, target: /opt/plugins, read_only: false }]',
    '.HostConfig.Mounts',
  ],
  ['memory: 512m', 'memory: 640m', '.HostConfig.Memory'],
  ['cpus: 1', 'cpus: 0.5', '.HostConfig.NanoCpus'],
  ['log: { max_size: 10m, max_file: 3 }', 'log: off', '.HostConfig.LogConfig'],
  ['labels: { team: edge }', 'labels: { team: core }', '.Config.Labels'],
  ['extra_hosts: { db.internal: 10.0.9.1 }', 'extra_hosts: { db.internal: 10.0.9.2 }', '.HostConfig.ExtraHosts'],
  ['dns: [10.0.0.2]', 'dns: [10.0.0.2, 10.0.0.3]', '.HostConfig.Dns'],
];

describe.runIf(all)('settings of containers', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await installedLab('containers', { controlPlane: 1, dataPlane: 2, loadBalancers: 1 });
    await Promise.all(GATEWAYS.map((host) => lab.exec(host, 'mkdir -p /srv/plugins')));
  });
  afterAll(() => lab.down());

  const install = (inventory = lab.inventory): Promise<OrchRun> => quickRun(lab, QUICK_INSTALL, { inventory });

  const withSettings = (name: string, lines: readonly string[]): Promise<string> =>
    inventoryWith(lab, name, (text) =>
      text.replace(
        '    group: default\n',
        ['    group: default', ...lines.map((line) => `    ${line}`), ''].join('\n'),
      ),
    );

  const shown = async (host: (typeof GATEWAYS)[number], what: string): Promise<string> =>
    (await lab.exec(host, `docker inspect -f '{{json ${what}}}' api7-gateway`)).out.trim();
  const ids = () => Promise.all(GATEWAYS.map((host) => shown(host, '.Id')));

  /** All gateways are replaced, and the next run leaves them alone. */
  async function isReplaced(inventory: string): Promise<void> {
    const before = await ids();
    await expectSuccess(lab, install(inventory));
    const after = await ids();
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    await expectSuccess(lab, install(inventory));
    expect(await ids()).toEqual(after);
  }

  test('a container without settings gets log rotation', async () => {
    for (const host of GATEWAYS)
      expect(JSON.parse(await shown(host, '.HostConfig.LogConfig'))).toEqual({
        Type: 'json-file',
        Config: { 'max-size': '50m', 'max-file': '5' },
      });
  });

  test('a mount without its source is refused before the first change', async () => {
    const inventory = await withSettings('no-source', ['mounts: [{ source: /srv/missing, target: /opt/missing }]']);
    const before = await ids();
    const refused = await install(inventory);
    expect({ code: refused.code, codes: [...new Set(codesOf(refused))] }).toEqual({
      code: 2,
      codes: ['MOUNT_MISSING'],
    });
    expect(await ids()).toEqual(before);
  });

  test('all settings are applied at once, without a failed request, and none of them by the next run', async () => {
    const load = steadyLoad(lab.direct('gateways', 'lb-1'));
    await isReplaced(
      await withSettings(
        'all',
        SETTINGS.map(([setting]) => setting),
      ),
    );
    const { bad, sent } = await load.stop();
    expect({ bad, any: sent > 10 }).toEqual({ bad: {}, any: true });
  });

  test.each(SETTINGS)('%s, then %s', async (setting, other, what) => {
    const rest = SETTINGS.map(([one]) => one).filter((one) => one !== setting);
    const before = await shown('gw-1', what);
    await isReplaced(await withSettings('other', [...rest, other]));
    expect(await shown('gw-1', what)).not.toBe(before);
    await expectSuccess(lab, install(await withSettings('all-again', [...rest, setting])));
    expect(JSON.parse(await shown('gw-1', what))).toEqual(expect.anything());
  });

  test('all settings are removed again, and those of the image stay', async () => {
    await isReplaced(lab.inventory);
    expect(await shown('gw-1', '.HostConfig.Memory')).toBe('0');
    expect(await shown('gw-1', '.Config.Env')).not.toContain('REGION');
    expect(await shown('gw-1', '.Config.Env')).toContain('PATH=');
  });
});
