import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOST_WRITES } from '../../src/core/host/host-writes.ts';
import type { LockOwner, LockView } from '../../src/core/host/lock.ts';
import { FakeLock } from '../../src/testing/fake-lock.ts';
import type { LockPaths } from '../../src/transport/lock/fence.ts';
import type { RawConnection } from '../../src/transport/raw-connection.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import type { OpenConnection } from './connection.ts';

const owner = (name: string): LockOwner => ({
  token: name.repeat(8),
  run: `run-${name}`,
  by: `"${name}" é@desk'`,
  verb: 'run install',
});
const A = owner('a');
const B = owner('b');
const OWNED = { mode: '0640', owner: 0, group: 0 } as const;

/** The text of a view, without the parts that differ between a real host and a model. */
const shown = ({ record, digest, old, beat, epoch }: LockView) => ({
  record: record && { ...record, since: 0, boot: '', sessions: [] },
  hasDigest: digest !== null,
  old: old.map(({ token }) => token),
  beat,
  epoch,
});

/** The contract of the lock of a host over any carrier. */
export function hostLockContract(
  carrier: string,
  open: (paths: LockPaths) => Promise<OpenConnection>,
  { rounds = 3 } = {},
): void {
  describe(`the lock of a host over ${carrier}`, () => {
    let base: string;
    let paths: LockPaths;
    let opened: OpenConnection;
    let host: RawConnection;
    beforeAll(async () => {
      base = temporaryDirectory('lock');
      paths = { run: join(base, 'run'), state: join(base, 'state') };
      opened = await open(paths);
      host = opened.host;
    });
    afterAll(async () => {
      await opened[Symbol.asyncDispose]();
    });
    const clear = (): void => {
      for (const path of Object.values(paths)) rmSync(path, { recursive: true, force: true });
    };

    test('reading it leaves no file', async () => {
      clear();
      const view = await host.lock.view();
      expect(view).toMatchObject({ record: null, digest: null, old: [], beat: null, epoch: 0 });
      expect(Math.abs(view.now - uptime())).toBeLessThan(5);
      expect(view.boot).toMatch(/^[0-9a-f-]{36}-\d+$/);
      expect(existsSync(paths.run) || existsSync(paths.state)).toBe(false);
    });

    test('is taken once, beats, and is released by its holder alone', async () => {
      clear();
      const taken = await host.lock.take(A, null);
      expect(taken).toMatchObject({ record: { ...A, op: null, boot: taken.boot }, beat: `${A.token} 0`, epoch: 1 });
      expect(taken.record?.sessions).toEqual(taken.session === null ? [] : [taken.session]);
      expect((statSync(paths.run).mode & 0o777).toString(8)).toBe('700');
      expect((statSync(join(paths.run, 'lock.json')).mode & 0o777).toString(8)).toBe('600');
      expect(await host.lock.take(B, null)).toMatchObject({ record: A, epoch: 1 });
      expect(await host.lock.beat(B.token, 9)).toMatchObject({ beat: `${A.token} 0` });
      expect(await host.lock.beat(A.token, 1)).toMatchObject({
        beat: `${A.token} 1`,
        beatAge: expect.toSatisfy((age) => age < 5),
      });
      expect((await host.lock.release(B.token)).record).toMatchObject(A);
      expect(await host.lock.release(A.token)).toMatchObject({ record: null, beat: null, epoch: 1 });
      expect((await host.lock.take(B, null)).epoch).toBe(2);
    });

    test('of controllers that take it at the same time, exactly one succeeds', async () => {
      await using other = await open(paths);
      for (let round = 0; round < 2; round++) {
        clear();
        const takers = ['a', 'b', 'c', 'd'].map(owner);
        const views = await Promise.all(
          takers.map((taker, i) => (i % 2 === 0 ? host : other.host).lock.take(taker, null)),
        );
        const winners = views.filter(({ record }, i) => record?.token === takers[i]?.token);
        expect(winners).toHaveLength(1);
        expect(new Set(views.map(({ record }) => record?.token)).size).toBe(1);
      }
    });

    test('a file without a valid record has an unknown holder, and can be taken over', async () => {
      clear();
      mkdirSync(paths.run);
      writeFileSync(join(paths.run, 'lock.json'), '{');
      const view = await host.lock.view();
      expect(view.record).toMatchObject({ token: '', by: 'unknown' });
      expect(await host.lock.take(A, view.digest)).toMatchObject({ record: A, old: [{ token: '' }] });
    });

    const words = fc.oneof(
      fc.record({
        act: fc.constantFrom('take', 'beat', 'release', 'settle'),
        by: fc.constantFrom('a', 'b'),
        known: fc.boolean(),
      }),
      fc.record({ act: fc.constant('stop'), by: fc.constantFrom('a', 'b'), known: fc.boolean() }),
    );
    test('it behaves like its model', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(words, { maxLength: 8 }), async (list) => {
          clear();
          const model = new FakeLock(Date.now);
          const act = async <T>(f: () => T): Promise<T> => f();
          const fake = model.of(null, act, act);
          for (const { act, by, known } of list) {
            const [real, wanted] = await Promise.all(
              [host.lock, fake].map(async (lock) => {
                const { digest, record } = await lock.view();
                const from = known ? digest : null;
                if (act === 'take') return await lock.take(owner(by), from);
                if (act === 'beat') return await lock.beat(owner(by).token, 3);
                if (act === 'release') return await lock.release(owner(by).token);
                if (act === 'settle') return await lock.settle(owner(by).token);
                if (record === null) return await lock.view();
                const op = { what: 'stop', container: "c'", until: 7 } as const;
                return await lock.swap(from ?? 'no digest', { ...record, op, stop: { by, reason: 'größer "now"' } });
              }),
            );
            expect(shown(real as LockView)).toEqual(shown(wanted as LockView));
          }
        }),
        { numRuns: rounds },
      );
    });

    test('each script that writes checks the token in itself, and changes nothing without it', async () => {
      clear();
      const path = join(base, 'target');
      const local = join(base, 'local');
      writeFileSync(local, 'uploaded');
      const sha256 = '5b8f8d4dd4c5d5a1e2d8d5a9d1e4ea0ad4b2ca4a3f2b1a1a45b5d5d5a1a1a1a1';
      const writes: Readonly<
        Record<Exclude<keyof typeof HOST_WRITES, 'haproxyCommand'>, (to: RawConnection) => Promise<unknown>>
      > = {
        writeFile: (to) => to.writeFile(path, 'x', OWNED),
        swapFile: (to) => to.swapFile(path, { from: null, to: 'x' }, OWNED),
        makeDirectory: (to) => to.makeDirectory(path, OWNED),
        chmod: (to) => to.chmod(local, { ...OWNED, mode: '0600' }),
        remove: (to) => to.remove(local),
        upload: (to) => to.upload(local, path, { ...OWNED, sha256 }),
        run: (to) => to.run({ argv: ['touch', path] }),
      };
      const scripts = Object.entries(HOST_WRITES).flatMap(([name, proof]) => (proof === 'script' ? [name] : []));
      expect(Object.keys(writes).toSorted()).toEqual(scripts.toSorted());
      const refused = async (): Promise<void> => {
        for (const [name, write] of Object.entries(writes)) {
          await expect(write(host.under(A.token)), name).rejects.toMatchObject({
            code: 'FENCED',
            nothingChanged: true,
          });
          expect([existsSync(path), readFileSync(local, 'utf8'), statSync(local).mode & 0o777], name).toEqual([
            false,
            'uploaded',
            0o644,
          ]);
        }
      };
      await refused();
      await host.lock.take(B, null);
      await refused();
      await host.lock.release(B.token);
      await refused();
      await host.lock.take(A, null);
      for (const name of ['writeFile', 'swapFile', 'run'] as const) {
        await writes[name](host.under(A.token));
        expect(existsSync(path)).toBe(true);
        rmSync(path);
      }
    });

    test('a command behind the lock keeps its words, its input, its output and its exit code', async () => {
      clear();
      await host.lock.take(A, null);
      const to = host.under(A.token);
      const script = 'cat; echo "$X" >&2; cat <<EOF\nit\'s\nEOF\n[ -e /proc/self/fd/8 ] && echo held; exit 98 # end';
      expect(await to.run({ script }, { stdin: 'in', env: { X: 'two  words' }, cwd: '/' })).toMatchObject({
        code: 98,
        stdout: "init's\n",
        stderr: 'two  words\n',
      });
      expect(await to.run({ argv: ['printf', '%s', '$HOME '] })).toMatchObject({ code: 0, stdout: '$HOME ' });
    });

    test('it is free after the last script of the earlier token, whatever that left in the background', async () => {
      clear();
      await host.lock.take(A, null);
      expect(await host.lock.isQuiet()).toBe(true);
      const flag = join(base, 'flag');
      writeFileSync(flag, '');
      const script = `sleep 30 >/dev/null 2>&1 & while [ -e ${flag} ]; do sleep 0.1; done; kill $!`;
      const running = host.under(A.token).run({ script });
      while (await host.lock.isQuiet()) await delay(20);
      const { digest } = await host.lock.view();
      expect((await host.lock.take(B, digest)).record).toMatchObject(B);
      expect(await host.lock.isQuiet()).toBe(false);
      rmSync(flag);
      expect((await running).code).toBe(0);
      expect(await host.lock.isQuiet()).toBe(true);
      await host.under(B.token).run({ script: 'sleep 5 >/dev/null 2>&1 </dev/null & echo $!' });
      expect(await host.lock.isQuiet()).toBe(true);
    });

    test('a change of the lock waits for the holder of its file lock', async () => {
      clear();
      mkdirSync(paths.run);
      const holder = spawn('flock', [paths.run, 'sh', '-c', 'echo held; sleep 1'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await once(holder.stdout, 'data');
      const begun = performance.now();
      expect((await host.lock.take(A, null)).record).toMatchObject(A);
      expect(performance.now() - begun).toBeGreaterThan(700);
    });

    test('a session of another process with the same number is left alone', async () => {
      const child = spawn('sleep', ['60'], { stdio: 'ignore' });
      const start = Number(readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19]);
      expect(await host.lock.endSessions([])).toEqual([]);
      expect(
        await host.lock.endSessions([
          { pid: child.pid as number, start },
          { pid: 1, start: 1 },
        ]),
      ).toEqual([]);
      expect(child.exitCode).toBe(null);
      expect(() => process.kill(child.pid as number, 0)).not.toThrow();
      child.kill();
    });
  });
}
