import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inventoryWith } from './inventory-with.ts';
import type { Lab } from './lab.ts';
import { type OrchRun, orch } from './orch.ts';
import { MANAGED, pictures } from './pictures.ts';
import { samplerOn } from './sampler.ts';
import { testLab } from './test-lab.ts';
import { sendRequests, steadyLoad } from './traffic.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await testLab();
  await lab.reset();
});
afterAll(() => lab.down());

/** What was changed on the hosts themselves, without their way out of traffic and back. */
const changes = (run: OrchRun) => run.with('changed').filter((line) => !/ is (drained|given back) \(on /.test(line));

const install = (...more: readonly string[]) => orch(['run', 'install', '-i', lab.inventory, ...more]);

describe('a first install', () => {
  let listed: readonly string[] = [];

  test('check lists what would change, and changes nothing', async () => {
    const before = await pictures(lab);
    const check = await install('--check');
    expect({ code: check.code, outcome: check.end?.outcome }).toEqual({ code: 0, outcome: 'ok' });
    for (const host of MANAGED) expect(check.end?.hosts[host]?.changed).toBeGreaterThan(0);
    expect(await pictures(lab)).toEqual(before);
    listed = check.with('changed');
  });

  test('apply changes exactly that, on every host', async () => {
    const run = await install();
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(run.with('changed')).toEqual(listed);
    for (const host of MANAGED) expect(run.end?.hosts[host]?.changed).toBeGreaterThan(0);
  });

  test('the second run changes nothing, and so does check', async () => {
    for (const flags of [[], ['--check']]) {
      const run = await install(...flags);
      expect(run.code).toBe(0);
      expect(run.with('changed')).toEqual([]);
      expect(run.with('unknown')).toEqual([]);
      for (const host of MANAGED) expect(run.end?.hosts[host]).toMatchObject({ changed: 0, failed: 0, unknown: 0 });
    }
  });

  test('300 requests through the load balancer all answer, from all three gateways', async () => {
    const traffic = await sendRequests(lab.url('gateways'), 300);
    expect(traffic).toMatchObject({ sent: 300, good: 300, bad: {} });
    expect(Object.keys(traffic.gateways)).toEqual(['gw-1', 'gw-2', 'gw-3']);
  });

  test('secrets stay where they belong: not in the output, not in files that others can read', async () => {
    const password = (await readFile(join(lab.directory, 'secrets/db-password'), 'utf8')).trim();
    const token = (await readFile(join(lab.directory, 'secrets/gateway-token'), 'utf8')).trim();
    const run = await install('--diff');
    for (const secret of [password, encodeURIComponent(password), token])
      expect(run.stdout + run.stderr).not.toContain(secret);
    const asOps = await lab.exec('cp-1', "su ops -c 'cat /opt/api7/dashboard-config.yaml'");
    expect(asOps).toMatchObject({ out: '', err: expect.stringContaining('Permission denied') });
    const rights = await lab.exec('cp-1', "stat -c '%a %U' /opt/api7 /opt/api7/*.yaml");
    expect(rights.out.trim().split('\n')).toEqual(['750 root', '640 root', '640 root']);
  });
});

describe('drift', () => {
  test('what drifted is mended, and nothing else', async () => {
    await Promise.all([
      // In place: the very file that the running container has mounted.
      lab.exec('cp-1', "f=/opt/api7/dashboard-config.yaml; t=$(sed 's/17080/17081/' $f); printf '%s\\n' \"$t\" > $f"),
      lab.exec('cp-2', 'docker stop api7-dp-manager'),
      // The same container, published on one address less.
      lab.exec(
        'gw-3',
        `docker inspect api7-gateway > /tmp/was.json
         img=$(docker inspect -f '{{.Config.Image}}' api7-gateway)
         docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' api7-gateway > /tmp/env
         docker rm -f api7-gateway
         docker run -d --name api7-gateway --hostname gw-3 --env-file /tmp/env -p 9080:9080 -p 7085:7085 \\
           -v /opt/api7/gateway_conf/config.yaml:/usr/local/apisix/conf/config.yaml \\
           -v /opt/api7/gateway_conf/apisix.uid:/usr/local/apisix/conf/apisix.uid "$img"
         rm -f /tmp/env /tmp/was.json`,
      ),
    ]);
    // A gateway that is back is compared with its siblings: without requests nobody could tell.
    const load = steadyLoad(lab.url('gateways'));
    const run = await install();
    await load.stop();
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(changes(run)).toEqual([
      'cp-1: container api7-dashboard',
      'cp-1: yamlFile /opt/api7/dashboard-config.yaml',
      'cp-2: container api7-dp-manager',
      'gw-3: container api7-gateway',
    ]);
    expect((await install()).with('changed')).toEqual([]);
  });
});

describe('a change to all gateways under load', () => {
  test('never has two of them away at once', async () => {
    const file = await inventoryWith(lab, 'more-workers', (text) =>
      text.replace('  nofile:', '  config: { gateway: { nginx_config: { worker_processes: 2 } } }\n  nofile:'),
    );
    const sampler = await samplerOn(lab);
    const load = steadyLoad(lab.url('gateways'));
    const run = await orch(['run', 'install', '-i', file]);
    const traffic = await load.stop();
    const away = await sampler.stop();
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(run.with('changed')).toEqual(
      ['gw-1', 'gw-2', 'gw-3'].flatMap((host) => [
        `${host}: /usr/local/apisix/conf/config.yaml is accepted by api7/api7-ee-3-gateway:3.10.5`,
        `${host}: container api7-gateway`,
        `${host}: gateways: ${host} is drained (on lb-1)`,
        `${host}: gateways: ${host} is given back (on lb-1)`,
        `${host}: yamlFile /opt/api7/gateway_conf/config.yaml`,
      ]),
    );
    // The sampler saw each of them go, or it would prove nothing.
    expect(away.ever).toEqual(['gw-1', 'gw-2', 'gw-3']);
    expect(away.mostAtOnce).toBe(1);
    expect(traffic.good).toBeGreaterThan(100);
    const revisions = new Set(Object.values(traffic.revisions).flat());
    expect(revisions.size).toBe(2);
    expect((await install('-e', 'soak=0s')).code).toBe(0);
  });
});
