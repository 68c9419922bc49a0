import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withDocker } from '../../src/docker/client.ts';
import { package_ } from '../../src/tasks/package.ts';
import { launchLocal } from '../../src/transport/local-process.ts';
import type { RawConnection } from '../../src/transport/raw-connection.ts';
import { rawHost } from '../../src/transport/raw-host.ts';
import { connectSsh } from '../../src/transport/ssh.ts';
import { tarGzOf } from '../docker/archives.ts';
import { runOn } from '../docker/run-real.ts';
import { type HoldingRelay, holdingRelay } from '../support/holding-relay.ts';
import { installed } from '../support/installed.ts';
import { startSshd, type TestSshd } from '../support/sshd.ts';

const OWNED = { mode: '0644', owner: 'root', group: 'root' } as const;
const MB = 1_000_000;
const bytes = randomBytes(12 * MB);
const sha256 = createHash('sha256').update(bytes).digest('hex');

let sshd: TestSshd;
let relay: HoldingRelay;
let base: string;
let directory: string;
let local: string;
let target: string;
beforeAll(async () => {
  sshd = await startSshd();
  relay = await holdingRelay(sshd.port);
  base = mkdtempSync(join(tmpdir(), 'api7-orch-upload-'));
  local = join(base, 'from');
});
afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  await sshd[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
});
beforeEach(() => {
  directory = mkdtempSync(join(base, 'on-the-host-'));
  target = join(directory, "it's a package");
  writeFileSync(local, bytes);
});
afterEach(() => relay.cut());

/** Over the relay, whose bytes are counted and can be held back. */
function relayed(): Promise<RawConnection> {
  const knownHosts = join(base, 'known-hosts');
  writeFileSync(knownHosts, `[127.0.0.1]:${relay.port} ${sshd.hostKey()}\n`);
  return connectSsh(sshd.target({ port: relay.port, knownHosts: [knownHosts] }), { acceptNewHostKeys: false });
}

const partOf = (path: string, digest = sha256): string =>
  path.replace(/([^/]*)$/, `.$1.${digest.slice(0, 12)}.api7-orch-part`);
const content = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8).padStart(4, '0');
const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
const upload = (host: RawConnection, onProgress?: (sent: number) => void): Promise<void> =>
  host.upload(local, target, { ...OWNED, sha256, ...(onProgress === undefined ? {} : { onProgress }) });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  );

/** An upload that has come so far and no further, on a connection that stays open. */
async function begun(after: number): Promise<{ readonly host: RawConnection; readonly ended: Promise<string> }> {
  const host = await relayed();
  await host.facts();
  const held = relay.holdAfter(after);
  const ended = codeOf(upload(host));
  await held;
  // What has passed the relay is still on its way to the disk.
  await expect.poll(() => sizeOf(partOf(target)), { timeout: 10_000 }).toBeGreaterThan(Math.max(0, after - 3 * MB));
  return { host, ended };
}

describe('an upload that was cut', () => {
  test.each([1, 4, 8, 11.9].map((at) => at * MB))('after %i bytes sends the rest only', async (after) => {
    const { ended } = await begun(after);
    relay.cut();
    expect(await ended).toBe('CONNECTION_LOST');
    expect(existsSync(target)).toBe(false);
    const there = sizeOf(partOf(target));
    expect(there).toBeGreaterThan(0);
    expect(modeOf(partOf(target))).toBe('0600');

    const next = await relayed();
    await next.facts();
    const before = relay.passed();
    const told: number[] = [];
    await upload(next, (sent) => told.push(sent));
    const sent = relay.passed() - before;
    expect(told[0]).toBeGreaterThanOrEqual(there);
    expect(told.at(-1)).toBe(bytes.length);
    expect(sent).toBeLessThan(bytes.length - there + 100_000);
    expect(content(target)).toBe(sha256);
    expect(modeOf(target)).toBe('0644');
    expect(readdirSync(directory)).toEqual([target.split('/').at(-1)]);
    await next.close();
  });

  test('again and again arrives in the end', async () => {
    const sent: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const before = relay.passed();
      const { ended } = await begun(3 * MB);
      relay.cut();
      expect(await ended).toBe('CONNECTION_LOST');
      sent.push(relay.passed() - before);
      if (sizeOf(partOf(target)) > 8 * MB) break;
    }
    const last = await relayed();
    await upload(last);
    expect(content(target)).toBe(sha256);
    await last.close();
  });

  test('by the end of its sshd is found by the next connection', async () => {
    const { ended } = await begun(6 * MB);
    for (const pid of sshd.connections()) process.kill(pid, 'SIGKILL');
    expect(await ended).toBe('CONNECTION_LOST');
    relay.release();
    const there = sizeOf(partOf(target));
    const next = await relayed();
    const told: number[] = [];
    await upload(next, (sent) => told.push(sent));
    expect(told[0]).toBeGreaterThanOrEqual(there);
    expect(content(target)).toBe(sha256);
    await next.close();
  });

  test('without the host hearing of it is taken over, and its writer ended', async () => {
    const { ended } = await begun(6 * MB);
    relay.cutClients();
    expect(await ended).toBe('CONNECTION_LOST');
    const orphans = writersOf(partOf(target));
    expect(orphans.length).toBeGreaterThan(0);
    const next = await relayed();
    const told: number[] = [];
    await upload(next, (sent) => told.push(sent));
    expect(told[0]).toBeGreaterThan(3 * MB);
    expect(content(target)).toBe(sha256);
    expect(orphans.filter((pid) => existsSync(`/proc/${pid}/fd/3`))).toEqual([]);
    expect(readdirSync(directory)).toHaveLength(1);
    await next.close();
  });

  test('after its last byte is not sent again: the reply alone was lost', async () => {
    const first = await relayed();
    await upload(first);
    await first.close();
    chmodSync(target, 0o600);
    const next = await relayed();
    await next.facts();
    const before = relay.passed();
    await upload(next);
    expect(relay.passed() - before).toBeLessThan(100_000);
    expect(modeOf(target)).toBe('0644');
    await next.close();
  });
});

/** Processes that hold a file open for writing through their third descriptor. */
const writersOf = (path: string): readonly string[] => {
  const { ino } = statSync(path);
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && statSync(`/proc/${pid}/fd/3`).ino === ino;
    } catch {
      return false;
    }
  });
};

describe('what is found under the name of a part', () => {
  const uploaded = async (): Promise<readonly number[]> => {
    const host = await relayed();
    const told: number[] = [];
    await upload(host, (sent) => told.push(sent));
    await host.close();
    expect(content(target)).toBe(sha256);
    expect(lstatSync(target).isFile()).toBe(true);
    return told;
  };

  test('is sent once more from its start when the whole has another digest', async () => {
    writeFileSync(partOf(target), Buffer.alloc(5 * MB), { mode: 0o600 });
    const told = await uploaded();
    expect(told).toContain(5 * MB);
    expect(told.filter((sent) => sent < MB).length).toBeGreaterThan(1);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test.each<[what: string, plant: (part: string) => void]>([
    ['a file that others may have written', (part) => writeFileSync(part, bytes.subarray(0, 5 * MB), { mode: 0o666 })],
    [
      'a file of somebody else',
      (part) => {
        writeFileSync(part, bytes.subarray(0, 5 * MB), { mode: 0o600 });
        execFileSync('chown', ['nobody', part]);
      },
    ],
    ['a file that is longer than the whole', (part) => writeFileSync(part, Buffer.alloc(13 * MB), { mode: 0o600 })],
    ['a directory', (part) => mkdirSync(part)],
  ])('is not trusted: %s', async (_, plant) => {
    plant(partOf(target));
    expect((await uploaded())[0]).toBe(0);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test('is not followed: a link', async () => {
    const precious = join(base, 'precious');
    writeFileSync(precious, bytes.subarray(0, 5 * MB), { mode: 0o600 });
    symlinkSync(precious, partOf(target));
    expect((await uploaded())[0]).toBe(0);
    expect(sizeOf(precious)).toBe(5 * MB);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test.each([
    ['large', bytes],
    ['small', Buffer.from('small')],
  ])('is removed by a %s upload when it is of other content, and left when it is of another file', async (_, sent) => {
    writeFileSync(local, sent);
    const stale = partOf(target, 'f'.repeat(64));
    const other = partOf(`${target}.txt`, 'f'.repeat(64));
    writeFileSync(stale, 'stale');
    writeFileSync(target.replace(/([^/]*)$/, '.$1.api7-orch-new'), 'stale, too');
    writeFileSync(other, 'of another file');
    const host = await relayed();
    await host.upload(local, target, { ...OWNED, sha256: createHash('sha256').update(sent).digest('hex') });
    expect(readdirSync(directory).sort()).toEqual([other, target].map((path) => path.split('/').at(-1)).sort());
    await host.close();
  });
});

describe('while it is made', () => {
  test('a file is for nobody else to read', async () => {
    const host = await relayed();
    await host.facts();
    const seen = new Set<string>();
    let held = relay.holdAfter(3 * MB);
    const ended = upload(host);
    for (let step = 0; step < 4; step++) {
      await held;
      await expect.poll(() => sizeOf(partOf(target)), { timeout: 10_000 }).toBeGreaterThan(0);
      for (const name of readdirSync(directory)) {
        const { mode, uid } = statSync(join(directory, name));
        seen.add(`${(mode & 0o7777).toString(8)} ${uid}`);
      }
      held = relay.holdAfter(2 * MB);
    }
    relay.release();
    await ended;
    expect([...seen]).toEqual(['600 0']);
    expect(modeOf(target)).toBe('0644');
    await host.close();
  });

  test('a part that is taken away is a conflict that says so, and nothing is left', async () => {
    const { host, ended } = await begun(6 * MB);
    rmSync(partOf(target));
    relay.release();
    expect(await ended).toBe('WRITE_CONFLICT');
    expect(readdirSync(directory)).toEqual([]);
    await host.close();
  });

  test('a local file that shrinks is told, and does not take the name', async () => {
    writeFileSync(target, 'as it was');
    const { host, ended } = await begun(2 * MB);
    truncateSync(local, 9 * MB);
    relay.release();
    expect(await ended).toBe('UPLOAD_CORRUPT');
    expect(readFileSync(target, 'utf8')).toBe('as it was');
    await host.close();
  });

  test('a full disk is named with what is left of it, and nothing stays behind', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', directory]);
    const host = await relayed();
    try {
      const error = await upload(host).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringMatching(/\d+ bytes free/) });
      expect(readdirSync(directory)).toEqual([]);
    } finally {
      execFileSync('umount', [directory]);
    }
    await host.close();
  });
});

test.each([0, 1, 1024 * 1024, 1024 * 1024 + 1])('a file of %i bytes arrives whole', async (size) => {
  const some = bytes.subarray(0, size);
  writeFileSync(local, some);
  const digest = createHash('sha256').update(some).digest('hex');
  const host = await relayed();
  for (const name of ['two words', "it's", 'quo"te', 'line\nbreak', '-rf', '*?[a]', 'é漢🙂', '$HOME `id`']) {
    target = join(directory, name);
    await host.upload(local, target, { ...OWNED, sha256: digest });
    expect(content(target)).toBe(digest);
  }
  expect(readdirSync(directory)).toHaveLength(8);
  await host.close();
});

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
    bin = mkdtempSync(join(base, 'bin-'));
    make(bin);
    host = rawHost({
      name: 'bare',
      rights: { become: 'none' },
      launch: async (line) => launchLocal(line, { PATH: bin }),
      dialer: { tcp: () => Promise.reject(new Error('unused')), unix: () => Promise.reject(new Error('unused')) },
      close: async () => {},
    });
  });

  test.each([0, 1, 5 * MB + 1, 12 * MB - 1, 12 * MB])('it goes on after %i bytes', async (there) => {
    if (there > 0) writeFileSync(partOf(target), bytes.subarray(0, there), { mode: 0o600 });
    const told: number[] = [];
    await upload(host, (sent) => told.push(sent));
    expect(told[0]).toBe(there);
    expect(content(target)).toBe(sha256);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test('a spoilt part is sent anew, and a full disk is named', async () => {
    writeFileSync(partOf(target), Buffer.alloc(5 * MB), { mode: 0o600 });
    await upload(host);
    expect(content(target)).toBe(sha256);
    rmSync(target);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', directory]);
    try {
      expect(await codeOf(upload(host))).toBe('DISK_FULL');
      expect(readdirSync(directory)).toEqual([]);
    } finally {
      execFileSync('umount', [directory]);
    }
  });
});

test.each([
  ['that wants new keys all the time', 'RekeyLimit 1M'],
  ['that knows no GCM', 'Ciphers aes256-ctr,chacha20-poly1305@openssh.com'],
])('an upload to a server %s arrives whole', async (_, line) => {
  await using server = await startSshd({ config: [line] });
  const host = await connectSsh(server.target(), { acceptNewHostKeys: false });
  await upload(host);
  expect(content(target)).toBe(sha256);
  await host.close();
});

test('a package whose connection is cut goes on where it broke, in the same run', async () => {
  const from = join(base, 'package.tar.gz');
  const archive = await tarGzOf({ VERSION: '3.10.5', 'images/a.bin': bytes });
  writeFileSync(from, archive);
  const into = join(directory, 'package');
  const before = relay.passed();
  const cut = relay.holdAfter(8 * MB).then(() => relay.cut());
  const rows = await runOn(
    async () => withDocker(await relayed()),
    function* () {
      yield package_({ from, into });
    },
  );
  await cut;
  expect(rows).toEqual(['changed package']);
  expect(relay.passed() - before).toBeLessThan(archive.length + 3 * MB);
  expect(readFileSync(join(into, 'images/a.bin')).equals(bytes)).toBe(true);
  expect(readdirSync(directory)).toEqual(['package']);
});
