import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { all } from '../all.ts';
import type { Lab } from '../lab.ts';
import { orch } from './orch.ts';
import { gatewayStarts, leases, restartedBetween, serverStates } from './rolling-scene.ts';

const BALANCERS = ['lb-1', 'lb-2'];

/** A wrapper of `flock` on a balancer's host: call number `nth` for a lease waits, from any process. */
const shim = (nth: number): string => `cat >/usr/local/bin/flock <<'END'
#!/bin/sh
# The lock of the host has a directory of its own.
case $(readlink /proc/$$/fd/9) in */leases) ;; *) exec /usr/bin/flock "$@" ;; esac
n=$(($(cat /run/lease-calls 2>/dev/null || echo 0) + 1))
echo $n >/run/lease-calls
if [ $n = ${nth} ]; then
  : >/run/lease-met
  until [ -e /run/lease-go ]; do sleep 0.05; done
fi
exec /usr/bin/flock "$@"
END
chmod +x /usr/local/bin/flock`;

const CLEAN = 'rm -f /usr/local/bin/flock /run/lease-calls /run/lease-met /run/lease-go';

/** HAProxy's srv_admin_state bits of an order to drain, or of maintenance. */
const ORDERED = 0x01 | 0x08;

/**
 * An operator and a run that change one lease, each between the read and the write of the other. Every change of a lease calls
 * `flock` after the read and before the comparison: the wrapper holds one of them until the other is done.
 */
export function leaseRaces(open: () => Lab): void {
  const on = async (script: string): Promise<string> => (await open().exec('lb-1', script)).out;
  const onBoth = (script: string) => Promise.all(BALANCERS.map((name) => open().exec(name, script)));
  const met = async (name = 'lb-1'): Promise<void> => {
    for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(50))
      if ((await open().exec(name, '[ -e /run/lease-met ] && echo met')).out.includes('met')) return;
    throw new Error(`no command has changed a lease on ${name}`);
  };
  const hers = (...more: readonly string[]) =>
    orch(['lb', 'drain', 'gw-1', '-i', open().inventory, '--reason', 'new disks', ...more]);
  const restart = (onDrained?: () => void) =>
    orch(['run', 'rolling-restart', '-i', open().inventory, '-e', 'soak=3s'], {
      onEvent: (event) => {
        if (event.type === 'roll.step' && event.step === 'drain' && event.status === 'ok' && event.host === 'gw-1')
          onDrained?.();
      },
    });
  const expectHers = async (): Promise<void> => {
    const lease = JSON.parse(await on('cat /var/lib/api7-orch/leases/gateways.gw-1.json'));
    expect(lease).toMatchObject({ kind: 'hand', reason: 'new disks' });
    expect(await leases(open())).toHaveLength(2);
    const own = Object.entries(await serverStates(open())).filter(([name]) => name.endsWith('/gw-1'));
    expect(own.filter(([, { admin }]) => (admin & ORDERED) === 0)).toEqual([]);
  };

  // Three minutes.
  describe.runIf(all)('an operator and a run at one lease', () => {
    afterEach(async () => {
      await onBoth(CLEAN);
      await orch(['lb', 'restore', 'gw-1', '-i', open().inventory]);
    });

    test('the operator drains between the read and the write of a run’s drain: the run leaves the node held', async () => {
      await on(shim(1));
      const before = await gatewayStarts(open());
      const run = restart();
      await met();
      expect((await hers()).code).toBe(0);
      await on(': >/run/lease-go');
      const { end, nodes } = await run;
      expect(nodes['gw-1']).toMatchObject({ state: 'skipped' });
      expect(end?.errors[0]).toMatchObject({ code: 'NODE_HELD', message: expect.stringContaining('new disks') });
      expect(restartedBetween(before, await gatewayStarts(open()))).toEqual([]);
      await expectHers();
    });

    test('the operator drains between the read and the write of a restore: the node stays drained, and the run reports it', async () => {
      await on(shim(2));
      const run = restart();
      await met();
      expect((await hers()).stdout).toMatch(/had a lease of .*it is now yours/);
      await on(': >/run/lease-go');
      const { nodes, stdout } = await run;
      expect(nodes['gw-1']).toMatchObject({ state: 'done', traffic: 'out' });
      expect(stdout).toMatch(/drained meanwhile by .*new disks/);
      await expectHers();
    });

    test('a run drains between the read and the write of the operator: the operator is informed, and the run restores nothing', async () => {
      // On both: the operator's lease on one of them would already show the run that the node is held.
      await onBoth(shim(1));
      const person = hers('--no-wait');
      await Promise.all(BALANCERS.map((name) => met(name)));
      const run = restart(() => void onBoth(': >/run/lease-go'));
      expect((await person).stdout).toMatch(/had a lease of .*it is now yours/);
      const { stdout } = await run;
      expect(stdout).toMatch(/new disks/);
      await expectHers();
    });
  });
}
