import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packagePath } from '../build/packages.ts';
import { inventoryWith } from '../config/inventory-with.ts';
import { snapshots } from '../samplers/snapshots.ts';
import { install, installWith, type LabOf } from './commands.ts';

/** Runs that change nothing: all of them use the same bare hosts, one after another. */
export function refusals(lab: LabOf): void {
  describe('bare hosts: a refused run changes nothing', () => {
    test('a missing package is refused before the first connection', async () => {
      const file = await inventoryWith(lab(), 'no-package', (text) =>
        text.replace(/data_plane: .*tar\.gz/, 'data_plane: nowhere.tar.gz'),
      );
      const run = await installWith(file);
      expect({ code: run.code, end: run.end }).toEqual({ code: 1, end: undefined });
      expect(run.stderr).toMatch(/LOCAL_FILE_MISSING on gw-1, package .*: .*nowhere\.tar\.gz/);
      expect(run.stderr).toContain('hint:');
    });

    test('a truncated package is refused before the first connection', async () => {
      const short = join(lab().directory, 'short.tar.gz');
      const whole = await readFile(packagePath(lab().file.version, 'dp'));
      await writeFile(short, whole);
      await truncate(short, Math.floor(whole.length / 2));
      const file = await inventoryWith(lab(), 'short-package', (text) =>
        text.replace(/data_plane: .*tar\.gz/, 'data_plane: short.tar.gz'),
      );
      const run = await installWith(file);
      expect({ code: run.code, end: run.end }).toEqual({ code: 1, end: undefined });
      expect(run.stderr).toMatch(/PACKAGE_DAMAGED on gw-1, package .*: .*short\.tar\.gz/);
      expect(run.stderr).toContain('hint:');
    });

    test('a typo in the inventory is refused with its line', async () => {
      const file = await inventoryWith(lab(), 'typo', (text) => text.replace('  nofile:', '  nofiles:'));
      const run = await installWith(file);
      expect({ code: run.code, end: run.end }).toEqual({ code: 1, end: undefined });
      expect(run.stderr).toMatch(/typo\.yaml:\d+:\d+: api7\.nofiles: unknown key "nofiles"; did you mean "nofile"\?/);
    });

    test('an unreachable host refuses the run, and no other host is changed', async () => {
      const before = await snapshots(lab(), ['cp-1', 'gw-1']);
      const container = lab().docker.getContainer(lab().host('gw-3').container);
      await container.pause();
      try {
        const run = await install(lab());
        expect(run.code).toBe(2);
        expect(run.end?.errors).toHaveLength(1);
        expect(run.end?.errors[0]).toMatchObject({
          code: expect.stringMatching(/^CONNECT_/),
          host: 'gw-3',
          hint: expect.any(String),
        });
        expect(run.end?.hosts['gw-3']).toMatchObject({ unreachable: 1 });
        expect(run.with('changed')).toEqual([]);
      } finally {
        await container.unpause();
      }
      expect(await snapshots(lab(), ['cp-1', 'gw-1'])).toEqual(before);
    });

    test('a limit on open files that the host does not grant is refused before any change', async () => {
      const before = await snapshots(lab());
      const file = await inventoryWith(lab(), 'nofile', (text) => text.replace(/nofile: \d+/, 'nofile: 2000000000'));
      const run = await installWith(file);
      expect(run.code).toBe(2);
      expect(run.end?.errors[0]).toMatchObject({
        code: 'NOFILE_TOO_LOW',
        hint: expect.stringContaining('api7.nofile'),
      });
      expect(run.with('changed')).toEqual([]);
      expect(await snapshots(lab())).toEqual(before);
    });
  });
}
