import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withDocker } from '../../../src/docker/client.ts';
import { package_ } from '../../../src/tasks/package.ts';
import { tarGzOf } from '../../docker/archives.ts';
import { runOn } from '../../docker/run-real.ts';
import { all } from '../../lab/all.ts';
import { bytes, content, MB, modeOf, partOf, sha256, sizeOf, uploadScene } from '../../support/ssh/upload-scene.ts';

const scene = uploadScene();

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

describe('an upload that was cut', () => {
  test.each([1, 4, 8, 19.9].map((at) => at * MB))('after %i bytes sends the rest only', async (after) => {
    const { ended } = await scene.begun(after);
    scene.relay.cut();
    expect(await ended).toBe('CONNECTION_LOST');
    expect(existsSync(scene.target)).toBe(false);
    const there = sizeOf(partOf(scene.target));
    expect(there).toBeGreaterThan(0);
    expect(modeOf(partOf(scene.target))).toBe('0600');

    const next = await scene.relayed();
    await next.facts();
    const before = scene.relay.passed();
    const reported: number[] = [];
    await scene.upload(next, (sent) => reported.push(sent));
    const sent = scene.relay.passed() - before;
    expect(reported[0]).toBeGreaterThanOrEqual(there);
    expect(reported.at(-1)).toBe(bytes.length);
    expect(sent).toBeLessThan(bytes.length - there + 100_000);
    expect(content(scene.target)).toBe(sha256);
    expect(modeOf(scene.target)).toBe('0644');
    expect(readdirSync(scene.directory)).toEqual([scene.target.split('/').at(-1)]);
    await next.close();
  });

  test('again and again arrives in the end', async () => {
    const sent: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const before = scene.relay.passed();
      const { ended } = await scene.begun(3 * MB);
      scene.relay.cut();
      expect(await ended).toBe('CONNECTION_LOST');
      sent.push(scene.relay.passed() - before);
      if (sizeOf(partOf(scene.target)) > 8 * MB) break;
    }
    const last = await scene.relayed();
    await scene.upload(last);
    expect(content(scene.target)).toBe(sha256);
    await last.close();
  });

  test('by the end of its sshd is found by the next connection', async () => {
    const { ended } = await scene.begun(6 * MB);
    for (const pid of scene.sshd.connections()) process.kill(pid, 'SIGKILL');
    expect(await ended).toBe('CONNECTION_LOST');
    scene.relay.release();
    const there = sizeOf(partOf(scene.target));
    const next = await scene.relayed();
    const reported: number[] = [];
    await scene.upload(next, (sent) => reported.push(sent));
    expect(reported[0]).toBeGreaterThanOrEqual(there);
    expect(content(scene.target)).toBe(sha256);
    await next.close();
  });

  test('unnoticed by the host is taken over, and its writer ended', async () => {
    const { ended } = await scene.begun(6 * MB);
    scene.relay.cutClients();
    expect(await ended).toBe('CONNECTION_LOST');
    const orphans = writersOf(partOf(scene.target));
    expect(orphans.length).toBeGreaterThan(0);
    const next = await scene.relayed();
    const reported: number[] = [];
    await scene.upload(next, (sent) => reported.push(sent));
    expect(reported[0]).toBeGreaterThan(3 * MB);
    expect(content(scene.target)).toBe(sha256);
    expect(orphans.filter((pid) => existsSync(`/proc/${pid}/fd/3`))).toEqual([]);
    expect(readdirSync(scene.directory)).toHaveLength(1);
    await next.close();
  });

  test('after its last byte is not sent again: the reply alone was lost', async () => {
    const first = await scene.relayed();
    await scene.upload(first);
    await first.close();
    chmodSync(scene.target, 0o600);
    const next = await scene.relayed();
    await next.facts();
    const before = scene.relay.passed();
    await scene.upload(next);
    expect(scene.relay.passed() - before).toBeLessThan(100_000);
    expect(modeOf(scene.target)).toBe('0644');
    await next.close();
  });
});

// The cases above show each cut of its own.
test.runIf(all)(
  'a package whose connection is cut, and cut again, resumes where it broke, in the same run',
  async () => {
    const from = join(scene.base, 'package.tar.gz');
    const archive = await tarGzOf({ VERSION: '3.10.5', 'images/a.bin': bytes });
    writeFileSync(from, archive);
    const into = join(scene.directory, 'package');
    const before = scene.relay.passed();
    const cut = (async () => {
      for (const after of [8, 4, 3]) await scene.relay.holdAfter(after * MB).then(() => scene.relay.cut());
    })();
    const rows = await runOn(
      async () => withDocker(await scene.relayed()),
      function* () {
        yield package_({ from, into });
      },
    );
    await cut;
    expect(rows).toEqual(['changed package']);
    expect(scene.relay.passed() - before).toBeLessThan(archive.length + 6 * MB);
    expect(readFileSync(join(into, 'images/a.bin')).equals(bytes)).toBe(true);
    expect(readdirSync(scene.directory)).toEqual(['package']);
  },
);
