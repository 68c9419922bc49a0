import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all } from './all.ts';
import { inventoryWith } from './config/inventory-with.ts';
import { reloadBalancer } from './faults/break-host.ts';
import type { Lab } from './lab.ts';
import { steadyLoad } from './load/traffic.ts';
import { checkCases } from './scenes/check-cases.ts';
import type { OrchRun } from './scenes/orch.ts';
import { codesOf, expectSuccess, installedLab, QUICK_INSTALL, quickRun } from './scenes/small-lab.ts';

// The sizes that users have: pools of two, and two balancers that both are control-plane endpoints. After the cause is gone, the
// same command must repair the state that each case leaves. About five minutes.

describe.runIf(all)('a small cluster', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await installedLab('small', { controlPlane: 2, dataPlane: 2, loadBalancers: 2 });
  });
  afterAll(() => lab.down());

  const install = (inventory = lab.inventory): Promise<OrchRun> => quickRun(lab, QUICK_INSTALL, { inventory });

  /** A comment in a configuration is change enough to replace the containers of that service. */
  const changed = (name: string, block: string) =>
    inventoryWith(lab, name, (text) => text.replace('  gateway:\n', `  config: { ${block} }\n  gateway:\n`));

  checkCases(() => lab);

  test('replaces a control plane while gateways reconnect through either balancer', async () => {
    await expectSuccess(lab, install(await changed('dp-manager', 'dp_manager: { log: { level: info } }')));
    await expectSuccess(lab, install());
  });

  test('a corrected password is enough after a wrong one', async () => {
    await writeFile(join(lab.directory, 'secrets/wrong'), 'nope');
    const wrong = await inventoryWith(lab, 'wrong', (text) => text.replace('secrets/db-password', 'secrets/wrong'));
    const failed = await install(wrong);
    // The code depends on timing: these gates have short timeouts.
    expect({ code: failed.code, codes: codesOf(failed) }).toEqual({
      code: 3,
      codes: [expect.stringMatching(/^(CONTAINER_EXITED|NOT_READY)$/)],
    });
    await expectSuccess(lab, install());
  });

  test('corrected endpoints are enough after unreachable ones', async () => {
    await lab.reset(['gw-1'], { keepImages: true });
    const wrong = await inventoryWith(lab, 'endpoints', (text) => text.replaceAll(':17900"', ':17901"'));
    expect((await install(wrong)).code).toBeGreaterThan(0);
    await expectSuccess(lab, install());
  });

  test('a server that HAProxy does not have is refused, and the process ends', async () => {
    const { out } = await lab.exec('lb-1', 'cat /etc/haproxy/haproxy.cfg');
    const write = async (text: string) => {
      const encoded = Buffer.from(text).toString('base64');
      await lab.exec('lb-1', `echo ${encoded} | base64 -d >/etc/haproxy/haproxy.cfg`);
      await reloadBalancer(lab, 'lb-1');
    };
    await write(out.replaceAll(/^ +server gw-1 .*\n/gm, ''));
    try {
      const begun = Date.now();
      const refused = await quickRun(lab, 'rolling-restart');
      expect({ code: refused.code, codes: codesOf(refused) }).toEqual({ code: 2, codes: ['LB_MEMBER_UNKNOWN'] });
      expect(Date.now() - begun).toBeLessThan(30_000);
    } finally {
      await write(out);
    }
    await expectSuccess(lab, quickRun(lab, 'rolling-restart'));
  });

  test('killed in the middle of a node, the same command resumes without an outage', async () => {
    const load = steadyLoad(lab.direct('gateways', 'lb-1'));
    const file = await changed('gateway', 'gateway: { nginx_config: { worker_processes: 1 } }');
    const killed = await quickRun(lab, QUICK_INSTALL, {
      inventory: file,
      onEvent: (event, send) => {
        if (event.type === 'roll.step' && event.step === 'waitReady' && event.status === 'begun') send('SIGKILL');
      },
    });
    expect(killed.end).toBeUndefined();
    await expectSuccess(lab, install(file));
    const { bad, sent } = await load.stop();
    expect({ bad, any: sent > 10 }).toEqual({ bad: {}, any: true });
  });
});
