import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sendRequests } from '../load/traffic.ts';
import { MANAGED, snapshots } from '../samplers/snapshots.ts';
import { install, type LabOf } from './commands.ts';
import { type InstallTimes, timedInstall } from './kill-moment.ts';

/** From bare hosts to a serving cluster; records how long its parts take, for the kills. */
export function firstInstall(lab: LabOf, times: InstallTimes): void {
  describe('a first install', () => {
    let listed: readonly string[] = [];

    test('check lists the planned changes, and changes nothing', async () => {
      const before = await snapshots(lab());
      const check = await install(lab(), '--check');
      expect({ code: check.code, outcome: check.end?.outcome }).toEqual({ code: 0, outcome: 'ok' });
      for (const host of MANAGED) expect(check.end?.hosts[host]?.changed).toBeGreaterThan(0);
      expect(await snapshots(lab())).toEqual(before);
      listed = check.with('changed');
    });

    test('apply makes exactly these changes, on every host', async () => {
      const { run, ends } = await timedInstall(lab());
      times.ends = ends;
      expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
      expect(run.with('changed')).toEqual(listed);
      for (const host of MANAGED) expect(run.end?.hosts[host]?.changed).toBeGreaterThan(0);
    });

    test('the second run changes nothing, and so does check', async () => {
      for (const flags of [[], ['--check']]) {
        const run = await install(lab(), ...flags);
        expect(run.code).toBe(0);
        expect(run.with('changed')).toEqual([]);
        expect(run.with('unknown')).toEqual([]);
        for (const host of MANAGED) expect(run.end?.hosts[host]).toMatchObject({ changed: 0, failed: 0, unknown: 0 });
      }
    });

    test('300 requests through the load balancer all succeed, on all three gateways', async () => {
      const traffic = await sendRequests(lab().url('gateways'), 300);
      expect(traffic).toMatchObject({ sent: 300, good: 300, bad: {} });
      expect(Object.keys(traffic.gateways)).toEqual(['gw-1', 'gw-2', 'gw-3']);
    });

    test('secrets are not in the output, nor in files that others can read', async () => {
      const password = (await readFile(join(lab().directory, 'secrets/db-password'), 'utf8')).trim();
      const token = (await readFile(join(lab().directory, 'secrets/gateway-token'), 'utf8')).trim();
      const run = await install(lab(), '--diff');
      for (const secret of [password, encodeURIComponent(password), token])
        expect(run.stdout + run.stderr).not.toContain(secret);
      const asOps = await lab().exec('cp-1', "su ops -c 'cat /opt/api7/dashboard-config.yaml'");
      expect(asOps).toMatchObject({ out: '', err: expect.stringContaining('Permission denied') });
      const rights = await lab().exec('cp-1', "stat -c '%a %U' /opt/api7 /opt/api7/*.yaml");
      expect(rights.out.trim().split('\n')).toEqual(['750 root', '640 root', '640 root']);
    });
  });
}
