import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadInventory } from '../../../src/inventory/load.ts';
import { all } from '../all.ts';
import { labSecrets } from '../config/secrets.ts';
import type { Lab } from '../lab.ts';
import { paths } from '../paths.ts';
import { ownLab } from '../scenes/test-lab.ts';
import { COMPOSE_FILE } from '../vendor/compose-project.ts';
import { hostPictures } from '../vendor/host-picture.ts';
import { must } from '../vendor/must.ts';
import { startVendorCluster, type Way } from '../vendor/vendor-cluster.ts';
import { type Discovered, discover, refusalsOf } from './scene.ts';

// What the first users of this tool have: clusters that an operator started without api7-orch. About two minutes.

describe.runIf(all)('discover', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await ownLab('labs/discover', { size: { controlPlane: 2, dataPlane: 2, loadBalancers: 1 } });
  });
  afterAll(() => lab?.down());

  const started = async (way: Way): Promise<void> => {
    await lab.reset(undefined, { keepImages: true });
    await startVendorCluster(lab, way);
  };

  /** Discovers the cluster, and shows that no host has changed. */
  async function discovered(name: string, options: { readonly groups: boolean }): Promise<Discovered> {
    const before = await hostPictures(lab);
    const found = await discover(lab, name, options);
    expect(await hostPictures(lab)).toEqual(before);
    return found;
  }

  const uidOf = async (host: string): Promise<string> =>
    (await must(lab, host, 'docker exec "$(docker ps -q)" cat /usr/local/apisix/conf/apisix.uid')).trim();

  const validates = async (out: string): Promise<void> => {
    const main = join(paths.root, 'src/cli/main.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'inventory', 'validate', '-i', out]);
    expect(stdout).toContain('valid: cluster "lab"');
  };

  test("a cluster that was started by the vendor's page", async () => {
    await started('page');
    const { code, stderr, report, out, yaml } = await discovered('page', { groups: false });
    expect({ refusals: refusalsOf(report), problems: report.written?.problems, stderr }).toEqual({
      refusals: [],
      problems: [],
      stderr: '',
    });
    expect(code).toBe(0);
    await validates(out);
    const inventory = await loadInventory(out, { env: {} });
    const { dbPassword, gatewayToken } = await labSecrets(lab.directory);
    expect(decodeURIComponent(inventory.api7.database.dsn.reveal())).toContain(dbPassword);
    expect(yaml).not.toContain(gatewayToken);
    expect(yaml).not.toContain(encodeURIComponent(dbPassword));
    const [group] = [...inventory.gatewayGroups.values()];
    expect(group?.auth.kind === 'token' && group.auth.token.reveal()).toBe(gatewayToken);
    for (const host of ['gw-1', 'gw-2']) expect(inventory.hosts.get(host)?.uid).toBe(await uidOf(host));
    expect([...inventory.loadBalancers.values()].map(({ name, members }) => [name, members.join()])).toEqual([
      ['gateways', 'gw-1,gw-2'],
      ['dashboards', 'cp-1,cp-2'],
      ['dp_managers', 'cp-1,cp-2'],
    ]);
  });

  test('one whose gateways were started by the script that the dashboard generates', async () => {
    await started('script');
    const { code, report, out, yaml } = await discovered('script', { groups: true });
    expect({ refusals: refusalsOf(report), problems: report.written?.problems }).toEqual({
      refusals: [],
      problems: [],
    });
    expect(code).toBe(0);
    await validates(out);
    const inventory = await loadInventory(out, { env: {} });
    const [group] = [...inventory.gatewayGroups.values()];
    expect(group?.auth).toMatchObject({ kind: 'certificate', sni: 'api7ee3-dp-manager' });
    expect(yaml).not.toContain('PRIVATE KEY');
    const gateways = report.hosts.flatMap(({ services }) => services.filter(({ service }) => service === 'gateway'));
    expect(
      gateways.flatMap(({ certificates }) => certificates.map(({ place, validTo }) => [place, validTo !== null])),
    ).toEqual(
      [1, 2].flatMap(() => [
        ['-e API7_CONTROL_PLANE_CERT', true],
        ['-e API7_CONTROL_PLANE_CA', true],
      ]),
    );
    // The same in a file of each host alone would be as good; here both have one certificate.
    expect(group?.authByHost.size).toBe(0);
  });

  // As the quickstart has it: its services find each other by name on a network of the project.
  test('one of docker compose with a network of its own is refused, until its file has bridge and is released', async () => {
    await started('compose');
    const bridge = 'network_mode: bridge';
    const without = `cp ${COMPOSE_FILE} /root/bridge.yaml && sed -i '/${bridge}/d' ${COMPOSE_FILE}`;
    const up = `cd $(dirname ${COMPOSE_FILE}) && docker-compose up -d`;
    await must(lab, 'gw-2', `${without} && ${up}`);
    const move = `mv ${COMPOSE_FILE} ${COMPOSE_FILE}.released`;
    for (const host of ['cp-1', 'cp-2', 'gw-1']) await must(lab, host, move);
    const { code, report } = await discovered('network', { groups: true });
    expect({ code, refusals: refusalsOf(report).map((line) => line.split(':')[0]) }).toEqual({
      code: 2,
      refusals: ['gw-2 gateway NETWORK', 'gw-2 gateway COMPOSE'],
    });
    const [{ hint = '' } = {}] = report.hosts.flatMap(({ services }) => services.flatMap(({ refusals }) => refusals));
    expect(hint).toContain(`set ${bridge}`);
    await must(lab, 'gw-2', `cp /root/bridge.yaml ${COMPOSE_FILE} && ${up} && ${move}`);
    const released = await discovered('network', { groups: true });
    expect({ code: released.code, refusals: refusalsOf(released.report) }).toEqual({ code: 0, refusals: [] });
    await validates(released.out);
  });
});
