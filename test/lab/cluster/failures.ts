import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { all } from '../all.ts';
import { inventoryWith } from '../config/inventory-with.ts';
import type { HostName } from '../plan/topology.ts';
import { MANAGED } from '../samplers/snapshots.ts';
import { orch } from '../scenes/orch.ts';
import { install, installWith, type LabOf } from './commands.ts';

/**
 * Installs that fail on a host. Only the host of a case is bare: the others are installed and have nothing to do. Images stay
 * loaded: no case is about them, and they take most of the time.
 */
export function failures(lab: LabOf): void {
  const bare = (...hosts: readonly HostName[]) => lab().reset(hosts, { keepImages: true });

  describe('failures', () => {
    test('a wrong database password is reported within seconds, with host, task and the database’s message', async () => {
      await bare('cp-1');
      await writeFile(join(lab().directory, 'secrets/wrong'), 'nope');
      const file = await inventoryWith(lab(), 'wrong-password', (text) =>
        text.replace('secrets/db-password', 'secrets/wrong'),
      );
      const begun = Date.now();
      const run = await installWith(file);
      expect(run.code).toBe(3);
      expect(run.end?.errors).toHaveLength(1);
      expect(run.end?.errors[0]).toMatchObject({
        code: 'CONTAINER_EXITED',
        host: 'cp-1',
        task: expect.stringContaining('17080/healthz'),
      });
      expect(run.stdout).toContain('password authentication failed');
      // Far from the eight minutes that a first start may take.
      expect(Date.now() - begun).toBeLessThan(120_000);
    });

    // Each wait takes a minute; waits are tested on fakes and on the wire.
    test.runIf(all)('a member that the balancer does not have fails the install', async () => {
      await bare('cp-1');
      const file = await inventoryWith(lab(), 'other-socket', (text) =>
        text.replace(/(dashboards: .*)socket: \S+,/, '$1socket: /run/haproxy/nowhere.sock,'),
      );
      const run = await installWith(file, '--limit', 'cp-1');
      expect(run.code).toBe(3);
      expect(run.end?.errors[0]).toMatchObject({ host: 'lb-1', code: expect.stringMatching(/^HAPROXY_|^LB_/) });
    });

    // The daily faults have one: `disk full`.
    test.runIf(all)('a full disk is reported with host, task, path and the needed space', async () => {
      await bare('gw-2');
      await lab().exec('gw-2', 'mkdir -p /opt/api7 && mount -t tmpfs -o size=2m tmpfs /opt/api7');
      try {
        const run = await install(lab());
        expect(run.code).toBe(3);
        expect(run.end?.errors).toHaveLength(1);
        expect(run.end?.errors[0]).toMatchObject({
          code: 'DISK_FULL',
          host: 'gw-2',
          task: expect.stringContaining('package'),
          hint: expect.any(String),
        });
      } finally {
        await lab().exec('gw-2', 'umount /opt/api7');
      }
    });

    test.runIf(all)('a gateway without its control plane fails', async () => {
      await bare('cp-1', 'gw-1');
      await lab().exec('cp-2', 'docker stop api7-dp-manager');
      try {
        expect((await install(lab(), '--limit', 'gw-1')).code).toBe(3);
      } finally {
        await lab().exec('cp-2', 'docker start api7-dp-manager');
      }
    });

    test('a port of another container is refused before any change, with the name of that container', async () => {
      // Both groups have hosts with work to do, so that a run which ignores the refusal is noticed.
      await bare('cp-1', 'gw-1', 'gw-2');
      await lab().exec(
        'gw-1',
        'docker run -d --name stranger -p 9080:80 --entrypoint sh $(docker images -q | head -1) -c "sleep 600"',
      );
      try {
        const run = await install(lab());
        expect(run.code).toBe(2);
        expect(run.end?.errors).toHaveLength(1);
        expect(run.end?.errors[0]).toMatchObject({
          code: 'PORT_TAKEN',
          host: 'gw-1',
          message: expect.stringContaining('"stranger"'),
        });
        for (const host of MANAGED) expect(run.end?.hosts[host]?.changed ?? 0).toBe(0);
      } finally {
        await lab().exec('gw-1', 'docker rm -f stranger');
      }
    });

    test('after the causes are gone, one run repairs all their effects', async () => {
      const run = await install(lab(), '-e', 'soak=0s');
      expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
      for (const host of ['cp-1', 'gw-1', 'gw-2']) expect(run.end?.hosts[host]?.changed).toBeGreaterThan(0);
      for (const host of ['cp-2', 'gw-3']) expect(run.end?.hosts[host]?.changed).toBe(0);
    });

    test('exec runs on all hosts, prefixes lines, and exits with the highest exit code', async () => {
      const run = await orch([
        'exec',
        'data_plane',
        '-i',
        lab().inventory,
        '--',
        'hostname; [ "$(hostname)" != gw-2 ] || exit 7',
      ]);
      expect(run.code).toBe(7);
      for (const host of ['gw-1', 'gw-2', 'gw-3'])
        expect(run.stdout).toContain(`"host":"${host}","stream":"stdout","line":"${host}"`);
    });
  });
}
