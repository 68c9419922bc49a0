import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { all } from './all.ts';
import { inventoryWith } from './config/inventory-with.ts';
import type { Lab } from './lab.ts';
import { type LoadReport, startLoad } from './load/load.ts';
import { orch } from './scenes/orch.ts';
import { expectSuccess, installedLab, QUICK_INSTALL, quickRun } from './scenes/small-lab.ts';

vi.setConfig({ testTimeout: 600_000 });

/**
 * Two gateway groups that log in to DP Manager by certificate, through a balancer that passes TLS through. The group `edge` serves on
 * ports 80 and 443 of its hosts, and a TCP stream on port 9000.
 */
describe.runIf(all)('a cluster with TLS and two gateway groups', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await installedLab('edge', { controlPlane: 2, dataPlane: 2, edgeGateways: 2, loadBalancers: 1 });
  }, 600_000);
  afterAll(() => lab?.down());

  /** Clients of both groups and of the stream, during an action. */
  async function underLoad<Done>(
    what: () => Promise<Done>,
  ): Promise<{ readonly done: Done; readonly load: LoadReport }> {
    const load = await startLoad(lab, {
      rate: 80,
      slow: 2,
      websockets: 2,
      streams: 3,
      frontends: [
        { name: 'default', port: 'gateways', glued: false },
        { name: 'edge', port: 'edge', glued: false },
      ],
    });
    await sleep(2500);
    const done = await what();
    await sleep(1000);
    return { done, load: await load.stop() };
  }

  test('a second run changes nothing', async () => {
    const { code, end } = await orch(['run', 'install', '-i', lab.inventory]);
    expect({ code, changed: Object.values(end?.hosts ?? {}).map(({ changed }) => changed) }).toEqual({
      code: 0,
      changed: [0, 0, 0, 0, 0, 0],
    });
  });

  test('gateways of both groups restart one after another without a failed request', async () => {
    const { load } = await underLoad(() => expectSuccess(lab, quickRun(lab, 'rolling-restart')));
    expect({ errors: load.errors, risen: load.risen }).toEqual({ errors: {}, risen: {} });
    expect(load.good).toBeGreaterThan(1000);
  });

  test('dashboards and DP Managers restart one after another without a failed request', async () => {
    const { load } = await underLoad(() => expectSuccess(lab, quickRun(lab, 'control-plane-restart')));
    expect({ errors: load.errors, risen: load.risen }).toEqual({ errors: {}, risen: {} });
  });

  test('a client certificate of another authority stops the run at the first gateway, which is undone, without a failed request', async () => {
    const wrong = await inventoryWith(lab, 'wrong-certificate', (text) =>
      text.replaceAll('gateway-edge', 'wrong-edge'),
    );
    const { done, load } = await underLoad(() => quickRun(lab, QUICK_INSTALL, { inventory: wrong }));
    const { code, end } = done;
    expect(code).toBe(4);
    expect(end?.errors.map(({ code: one, host }) => [one, host])).toEqual([['NOT_READY', 'edge-1']]);
    expect({ errors: load.errors, risen: load.risen }).toEqual({ errors: {}, risen: {} });
    // The old certificate is in the running container; the files are replaced by the next run.
    await expectSuccess(lab, quickRun(lab, QUICK_INSTALL));
  });
});
