import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { installed } from '../../support/base/installed.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

const OWNED = { mode: '0600', owner: 0, group: 0 } as const;

describe('a clock that is', () => {
  const DAY_MS = 86_400_000;
  test.each([
    ['three days ahead', '+3d', 3 * DAY_MS],
    ['twenty years behind', '-7300d', -7300 * DAY_MS],
  ])('%s is reported, and everything else runs as usual', async (_name, offset, expected) => {
    const library = `/usr/lib/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu/faketime/libfaketime.so.1`;
    installed(library, 'libfaketime');
    await using sshd = await startSshd({ sudo: 'none', config: [`SetEnv LD_PRELOAD=${library} FAKETIME=${offset}`] });
    const host = await sshd.connect({ become: 'none' });
    const { clockSkewMs, uid } = await host.facts();
    // The host responds within a minute.
    expect(Math.abs(clockSkewMs - expected)).toBeLessThan(60_000);
    const owned = { mode: '0600', owner: uid, group: sshd.user } as const;
    const bytes = Buffer.alloc(300_000, 'b');
    const local = join(sshd.directory, 'local');
    writeFileSync(local, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await host.writeFile(join(sshd.home, 'small'), 'small', owned);
    await host.upload(local, join(sshd.home, 'large'), { ...owned, sha256 });
    expect(await host.sha256(join(sshd.home, 'large'))).toBe(sha256);
    expect(readdirSync(sshd.home).sort()).toEqual(['large', 'small']);
    await expect(host.run({ argv: ['sleep', '30'] }, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await host.close();
  });
});

describe('bytes that are no text', () => {
  let sshd: TestSshd;
  let host: RawConnection;
  beforeAll(async () => {
    sshd = await startSshd();
    host = await sshd.connect();
  });
  afterAll(async () => {
    await host.close();
    await sshd[Symbol.asyncDispose]();
  });

  test('NUL bytes pass in both directions and on both streams', async () => {
    const stdin = Buffer.from('a\0b\0\0\nc\0');
    const result = await host.run({ script: 'tee /dev/stderr' }, { stdin });
    expect([result.stdout, result.stderr]).toEqual([stdin.toString(), stdin.toString()]);
    const path = join(sshd.directory, 'nul');
    await host.writeFile(path, stdin, OWNED);
    expect(readFileSync(path).equals(stdin)).toBe(true);
    expect((await host.read(path))?.equals(stdin)).toBe(true);
  });

  test('names that are not UTF-8 hide no valid names, and are removed with their directory', async () => {
    const directory = join(sshd.directory, 'names');
    mkdirSync(directory);
    for (const name of [[0xff], [0xc3, 0x28], [0x61, 0xe6, 0xbc], [...Buffer.from('é漢')]])
      writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]), 'x');
    expect(await host.tree(directory)).toEqual({ '\ufffd': 1, '\ufffd(': 1, 'a\ufffd': 1, é漢: 1 });
    expect((await host.run({ argv: ['ls', '-b', directory] })).stdout).toContain('\\377');
    expect((await host.run({ script: 'printf "\\377\\n"; printf "\\376" >&2; exit 2' })).code).toBe(2);
    await host.remove(directory);
    expect(readdirSync(sshd.directory)).not.toContain('names');
  });
});
