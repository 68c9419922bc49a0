import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DiscoverReport } from '../../src/cli/discover/report.ts';
import { all } from './all.ts';
import { type Lab, upLab } from './lab.ts';
import { type LoadReport, startLoad } from './load/load.ts';
import { paths } from './paths.ts';
import { hostsOf } from './plan/lab-file.ts';
import { type OrchRun, orch } from './scenes/orch.ts';
import { hostsFile } from './vendor/hosts-file.ts';
import { must } from './vendor/must.ts';
import { startVendorCluster, type Way } from './vendor/vendor-cluster.ts';

// Clusters that api7-orch did not install are taken over under load. About ten minutes.
vi.setConfig({ testTimeout: 1_200_000 });

describe.runIf(all)('install --adopt', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await upLab({
      directory: join(paths.cache, 'labs', 'adopt'),
      owned: true,
      size: { controlPlane: 2, dataPlane: 3, loadBalancers: 1 },
      note: (line) => process.stderr.write(`lab: ${line}\n`),
    });
  });
  afterAll(() => lab?.down());

  /** Starts a cluster of that kind; returns the inventory that discovery writes of it. `edit`: what the operator adds. */
  async function discovered(way: Way, edit: (yaml: string) => string = (yaml) => yaml): Promise<string> {
    await lab.reset(undefined, { keepImages: true });
    await startVendorCluster(lab, way);
    const out = join(lab.directory, `adopt-${way}.yaml`);
    const secrets = join(lab.directory, `adopt-${way}-secrets`);
    await Promise.all([out, secrets].map((path) => rm(path, { recursive: true, force: true })));
    const run = await orch([
      'discover',
      '-i',
      await hostsFile(lab, `adopt-${way}-hosts`, { groups: true }),
      '--out',
      out,
    ]);
    const { hosts, written }: DiscoverReport = JSON.parse(run.stdout || '{}');
    const refused = hosts.flatMap(({ services, error }) =>
      [error ?? [], ...services.map(({ refusals }) => refusals)].flat(),
    );
    expect({ code: run.code, refused, problems: written?.problems }).toEqual({ code: 0, refused: [], problems: [] });
    const yaml = await readFile(out, 'utf8');
    // No host shows the longest request of this load.
    await writeFile(out, edit(yaml.replaceAll(/^( +)(port: 9080)$/gm, '$1$2\n$1longest_request: 10s')));
    return out;
  }

  const gateways = (): readonly string[] => hostsOf(lab.file, 'data_plane');

  /** What is seen from outside of each gateway: its instance, and its variables. */
  async function identities(): Promise<Readonly<Record<string, string>>> {
    const seen = gateways().map(async (host) => [
      host,
      await must(
        lab,
        host,
        `id=$(docker ps -q)
docker exec "$id" cat /usr/local/apisix/conf/apisix.uid; echo
docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' "$id" | sort`,
      ),
    ]);
    return Object.fromEntries(await Promise.all(seen));
  }

  const running = async (): Promise<Readonly<Record<string, string>>> => {
    const all = gateways().map(async (host) => [
      host,
      (await must(lab, host, "docker ps --format '{{.ID}} {{.Names}}'")).trim(),
    ]);
    return Object.fromEntries(await Promise.all(all));
  };

  async function underLoad(run: () => Promise<OrchRun>): Promise<{ readonly run: OrchRun; readonly load: LoadReport }> {
    const load = await startLoad(lab);
    await sleep(2500);
    const ran = await run();
    await sleep(1000);
    return { run: ran, load: await load.stop() };
  }

  const isWhole = ({ errors, risen, good, sent, late }: LoadReport): void => {
    expect({ errors, risen, late: late > 5 ? late : 0 }).toEqual({ errors: {}, risen: {}, late: 0 });
    expect(good).toBe(sent);
  };

  async function restartsWhole(inventory: string): Promise<void> {
    for (const flags of [['--adopt'], []]) {
      const again = await orch(['run', 'install', ...flags, '-i', inventory]);
      expect({ code: again.code, changed: again.with('changed') }).toEqual({ code: 0, changed: [] });
    }
    const { run, load } = await underLoad(() => orch(['run', 'rolling-restart', '-i', inventory, '-e', 'soak=3s']));
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    isWhole(load);
  }

  test("a cluster of the vendor's page is taken over without a failed request, and restarts as any other", async () => {
    const inventory = await discovered('page');
    const before = await identities();
    const { run, load } = await underLoad(() => orch(['run', 'install', '--adopt', '-i', inventory]));
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    isWhole(load);
    expect(await identities()).toEqual(before);
    await restartsWhole(inventory);
    expect(await identities()).toEqual(before);
  });

  // Its gateways publish no status port, which the lab's balancer asks: they are in service only when they are adopted.
  test('gateways of the generated script keep certificates and identity', async () => {
    const inventory = await discovered('script');
    const before = await identities();
    const run = await orch(['run', 'install', '--adopt', '-i', inventory]);
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(await identities()).toEqual(before);
    await restartsWhole(inventory);
    expect(await identities()).toEqual(before);
  });

  test('a gateway whose new container does not become ready: the old one serves, exit code 4', async () => {
    const inventory = await discovered('page', (yaml) =>
      yaml.replace(/^( +)gateway:\n/m, '$1gateway:\n$1  probe: { path: /, host: example.com, status: 418 }\n'),
    );
    const [before, seen] = [await running(), await identities()];
    const { run, load } = await underLoad(() => orch(['run', 'install', '--adopt', '-i', inventory]));
    expect({ code: run.code, errors: run.end?.errors.map(({ code }) => code) }).toEqual({
      code: 4,
      errors: ['NOT_READY'],
    });
    expect(Object.values(run.nodes).map(({ state }) => state)).toEqual(
      expect.arrayContaining(['rolledBack', 'untouched']),
    );
    isWhole(load);
    expect(await running()).toEqual(before);
    expect(await identities()).toEqual(seen);
  });
});
