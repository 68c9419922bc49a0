import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiscoverReport } from '../../src/cli/discover/report.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { all } from './all.ts';
import { labSecrets } from './config/secrets.ts';
import { type Lab, upLab } from './lab.ts';
import { paths } from './paths.ts';
import { orch } from './scenes/orch.ts';
import { hostPictures } from './vendor/host-picture.ts';
import { hostsFile } from './vendor/hosts-file.ts';
import { must } from './vendor/must.ts';
import { startVendorCluster, type Way } from './vendor/vendor-cluster.ts';

// What the first users of this tool have: clusters that an operator started without api7-orch. About two minutes.

describe.runIf(all)('discover', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await upLab({
      directory: join(paths.cache, 'labs', 'discover'),
      owned: true,
      size: { controlPlane: 2, dataPlane: 2, loadBalancers: 1 },
      note: (line) => process.stderr.write(`lab: ${line}\n`),
    });
  });
  afterAll(() => lab.down());

  const started = async (way: Way): Promise<void> => {
    await lab.reset(undefined, { keepImages: true });
    await startVendorCluster(lab, way);
  };

  /** Discovers the cluster, and shows that no host has changed. */
  async function discovered(name: string, { groups }: { readonly groups: boolean }) {
    const hosts = await hostsFile(lab, `${name}-hosts`, { groups });
    const out = join(lab.directory, `${name}.yaml`);
    const secrets = join(lab.directory, `${name}-secrets`);
    await Promise.all([out, secrets].map((path) => rm(path, { recursive: true, force: true })));
    const before = await hostPictures(lab);
    const run = await orch(['discover', '-i', hosts, '--out', out]);
    expect(await hostPictures(lab)).toEqual(before);
    const report: DiscoverReport = JSON.parse(run.stdout || '{}');
    return { code: run.code, stderr: run.stderr, report, out, yaml: await readFile(out, 'utf8') };
  }

  const refusalsOf = ({ hosts }: DiscoverReport): readonly string[] =>
    hosts.flatMap(({ host, error, services }) => [
      ...(error === undefined ? [] : [`${host} ${error.code}: ${error.message}`]),
      ...services.flatMap(({ service, refusals }) =>
        refusals.map(({ code, message }) => `${host} ${service} ${code}: ${message}`),
      ),
    ]);

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

  test('one of compose is refused until its file is moved away', async () => {
    await started('compose');
    const refused = await discovered('compose', { groups: true });
    expect(refused.code).toBe(2);
    expect(refusalsOf(refused.report).map((line) => line.split(':')[0])).toEqual([
      'cp-1 dashboard COMPOSE',
      'cp-1 dp_manager COMPOSE',
      'cp-2 dashboard COMPOSE',
      'cp-2 dp_manager COMPOSE',
      'gw-1 gateway COMPOSE',
      'gw-2 gateway COMPOSE',
    ]);
    // By the hint.
    const [hint = ''] = refused.report.hosts.flatMap(({ services }) =>
      services.flatMap(({ refusals }) => refusals.map((one) => one.hint)),
    );
    const [, move = ''] = /(mv \S+ \S+);/.exec(hint) ?? [];
    for (const host of ['cp-1', 'cp-2', 'gw-1', 'gw-2']) await must(lab, host, move);
    const released = await discovered('compose', { groups: true });
    expect({ code: released.code, refusals: refusalsOf(released.report) }).toEqual({ code: 0, refusals: [] });
    await validates(released.out);
  });
});
