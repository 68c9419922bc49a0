import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchLocal } from '../../../src/transport/local/local-process.ts';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { rawHost } from '../../../src/transport/raw-host.ts';
import { installed } from '../../support/base/installed.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { bytes, codeOf, content, MB, partOf, sha256, uploadScene } from '../../support/ssh/upload-scene.ts';

const scene = uploadScene();

describe.each<[tools: string, make: (bin: string) => void]>([
  ['busybox alone', (bin) => execFileSync(installed('/bin/busybox', 'busybox-static'), ['--install', '-s', bin])],
  [
    'coreutils without openssl',
    (bin) => {
      for (const from of ['/bin', '/usr/bin'])
        for (const name of readdirSync(from))
          if (name !== 'openssl' && !existsSync(join(bin, name))) symlinkSync(join(from, name), join(bin, name));
    },
  ],
])('with %s', (_, make) => {
  let bin: string;
  let host: RawConnection;
  beforeAll(() => {
    bin = temporaryDirectory('bin', scene.base);
    make(bin);
    host = rawHost({
      name: 'bare',
      rights: { become: 'none' },
      launch: async (line) => launchLocal(line, { PATH: bin }),
      dialer: { tcp: () => Promise.reject(new Error('unused')), unix: () => Promise.reject(new Error('unused')) },
      close: async () => {},
    });
  });

  test.each([0, 1, 5 * MB + 1, 20 * MB - 1, 20 * MB])('it resumes after %i bytes', async (there) => {
    if (there > 0) writeFileSync(partOf(scene.target), bytes.subarray(0, there), { mode: 0o600 });
    const reports: number[] = [];
    await scene.upload(host, (sent) => reports.push(sent));
    expect(reports[0]).toBe(there);
    expect(content(scene.target)).toBe(sha256);
    expect(readdirSync(scene.directory)).toHaveLength(1);
  });

  test('a damaged part is sent again, and a full disk is reported', async () => {
    writeFileSync(partOf(scene.target), Buffer.alloc(5 * MB), { mode: 0o600 });
    await scene.upload(host);
    expect(content(scene.target)).toBe(sha256);
    rmSync(scene.target);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', scene.directory]);
    try {
      expect(await codeOf(scene.upload(host))).toBe('DISK_FULL');
      expect(readdirSync(scene.directory)).toEqual([]);
    } finally {
      execFileSync('umount', [scene.directory]);
    }
  });
});
