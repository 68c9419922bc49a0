import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  bytes,
  content,
  digestOf,
  MB,
  modeOf,
  OWNED,
  partOf,
  sha256,
  sizeOf,
  uploadScene,
} from '../../support/ssh/upload-scene.ts';

const scene = uploadScene();

describe('a part file of an earlier upload', () => {
  const uploaded = async (): Promise<readonly number[]> => {
    const host = await scene.relayed();
    const reports: number[] = [];
    await scene.upload(host, (sent) => reports.push(sent));
    await host.close();
    expect(content(scene.target)).toBe(sha256);
    expect(lstatSync(scene.target).isFile()).toBe(true);
    return reports;
  };

  test('is sent again from its start when the whole has another digest', async () => {
    writeFileSync(partOf(scene.target), Buffer.alloc(5 * MB), { mode: 0o600 });
    const reports = await uploaded();
    expect(reports).toContain(5 * MB);
    expect(reports.filter((sent) => sent < MB).length).toBeGreaterThan(1);
    expect(readdirSync(scene.directory)).toHaveLength(1);
  });

  test.each<[what: string, plant: (part: string) => void]>([
    ['a file that others may have written', (part) => writeFileSync(part, bytes.subarray(0, 5 * MB), { mode: 0o666 })],
    [
      'a file of another user',
      (part) => {
        writeFileSync(part, bytes.subarray(0, 5 * MB), { mode: 0o600 });
        execFileSync('chown', ['nobody', part]);
      },
    ],
    ['a file that is longer than the whole', (part) => writeFileSync(part, Buffer.alloc(21 * MB), { mode: 0o600 })],
    ['a directory', (part) => mkdirSync(part)],
  ])('is not trusted: %s', async (_, plant) => {
    plant(partOf(scene.target));
    expect((await uploaded())[0]).toBe(0);
    expect(readdirSync(scene.directory)).toHaveLength(1);
  });

  test('is not followed: a link', async () => {
    const precious = join(scene.base, 'precious');
    writeFileSync(precious, bytes.subarray(0, 5 * MB), { mode: 0o600 });
    symlinkSync(precious, partOf(scene.target));
    expect((await uploaded())[0]).toBe(0);
    expect(sizeOf(precious)).toBe(5 * MB);
    expect(readdirSync(scene.directory)).toHaveLength(1);
  });

  test.each([
    ['large', bytes],
    ['small', Buffer.from('small')],
  ])(
    'is removed by a %s upload when it has other content, and left when it belongs to another file',
    async (_, sent) => {
      writeFileSync(scene.local, sent);
      const stale = partOf(scene.target, 'f'.repeat(64));
      const other = partOf(`${scene.target}.txt`, 'f'.repeat(64));
      writeFileSync(stale, 'stale');
      writeFileSync(scene.target.replace(/([^/]*)$/, '.$1.api7-orch-new'), 'stale, too');
      writeFileSync(other, 'of another file');
      const host = await scene.relayed();
      await host.upload(scene.local, scene.target, { ...OWNED, sha256: digestOf(sent) });
      expect(readdirSync(scene.directory).sort()).toEqual(
        [other, scene.target].map((path) => path.split('/').at(-1)).sort(),
      );
      await host.close();
    },
  );
});

describe('during an upload', () => {
  test('a file is readable by its owner only', async () => {
    const host = await scene.relayed();
    await host.facts();
    const seen = new Set<string>();
    let held = scene.relay.holdAfter(3 * MB);
    const ended = scene.upload(host);
    for (let step = 0; step < 4; step++) {
      await held;
      await expect.poll(() => sizeOf(partOf(scene.target)), { timeout: 10_000 }).toBeGreaterThan(0);
      for (const name of readdirSync(scene.directory)) {
        const { mode, uid } = statSync(join(scene.directory, name));
        seen.add(`${(mode & 0o7777).toString(8)} ${uid}`);
      }
      held = scene.relay.holdAfter(2 * MB);
    }
    scene.relay.release();
    await ended;
    expect([...seen]).toEqual(['600 0']);
    expect(modeOf(scene.target)).toBe('0644');
    await host.close();
  });

  test('a removed part is reported as a conflict, and no file is left', async () => {
    const { host, ended } = await scene.begun(6 * MB);
    rmSync(partOf(scene.target));
    scene.relay.release();
    expect(await ended).toBe('WRITE_CONFLICT');
    expect(readdirSync(scene.directory)).toEqual([]);
    await host.close();
  });

  test('a directory that has taken the name meanwhile is reported, and no file is put into it', async () => {
    const { host, ended } = await scene.begun(6 * MB);
    mkdirSync(scene.target);
    scene.relay.release();
    expect(await ended).toBe('IS_A_DIRECTORY');
    expect(readdirSync(scene.target)).toEqual([]);
    expect(readdirSync(scene.directory)).toEqual([scene.target.split('/').at(-1)]);
    await host.close();
  });

  test('a local file that shrinks is reported, and does not take the name', async () => {
    writeFileSync(scene.target, 'as it was');
    const { host, ended } = await scene.begun(2 * MB);
    truncateSync(scene.local, 9 * MB);
    scene.relay.release();
    expect(await ended).toBe('UPLOAD_CORRUPT');
    expect(readFileSync(scene.target, 'utf8')).toBe('as it was');
    await host.close();
  });

  test('a full disk is reported with its free space, and no file stays behind', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', scene.directory]);
    const host = await scene.relayed();
    try {
      const error = await scene.upload(host).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringMatching(/\d (?:bytes|KiB|MiB) free/) });
      expect(readdirSync(scene.directory)).toEqual([]);
    } finally {
      execFileSync('umount', [scene.directory]);
    }
    await host.close();
  });
});
