import { createHash } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { listen } from '../../support/base/listen.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

const OWNED = { mode: '0644', owner: 'root', group: 'root' } as const;
let sshd: TestSshd;
let base: string;
beforeAll(async () => {
  sshd = await startSshd();
  base = temporaryDirectory('lost');
});
afterAll(async () => {
  await sshd[Symbol.asyncDispose]();
});

const cut = (): void => {
  for (const pid of sshd.connections()) process.kill(pid, 'SIGKILL');
};
const open = (): Promise<RawConnection> => sshd.connect();

test('all work ends as lost when the connection is cut, and so does all later work', async () => {
  const host = await open();
  const asked = Promise.withResolvers<void>();
  const web = createServer(() => asked.resolve());
  const port = await listen(web);
  const large = join(base, 'large');
  writeFileSync(large, Buffer.alloc(1024));
  await host.facts();
  const begun = [0, 1].map(() => Promise.withResolvers<void>());
  const underWay = [
    host.run({ script: 'echo begun; sleep 30' }, { onOutput: () => begun[0]?.resolve() }),
    host.test({ argv: ['sh', '-c', 'echo begun; sleep 30'] }, { onOutput: () => begun[1]?.resolve() }),
    host.httpGet({ port, path: '/', timeoutMs: 20_000 }),
    host.stat('/dev/../etc'),
  ].map((work) =>
    work.then(
      () => 'done',
      (error: { code: string }) => error.code,
    ),
  );
  await Promise.all([...begun.map(({ promise }) => promise), asked.promise, underWay[3]]);
  cut();
  expect(await Promise.all(underWay)).toEqual(['CONNECTION_LOST', 'CONNECTION_LOST', 'CONNECTION_LOST', 'done']);
  const late = [
    () => host.stat('/'),
    () => host.run({ argv: ['true'] }),
    () => host.writeFile(join(base, 'late'), 'x', OWNED),
    () => host.httpGet({ port, path: '/' }),
    () => host.dialDocker(),
  ];
  for (const ask of late) await expect(ask()).rejects.toMatchObject({ code: 'CONNECTION_LOST', host: 'test-host' });
  web.closeAllConnections();
  web.close();
  await host.close();
});

test('a truncated stream never takes the final name', async () => {
  const target = join(base, 'target');
  for (const pause of [0, 5, 15, 30, 60, 120]) {
    const host = await open();
    await host.facts();
    const local = join(base, 'from');
    writeFileSync(local, Buffer.alloc(40_000_000, 'z'));
    const upload = host.upload(local, target, { ...OWNED, sha256: '0'.repeat(64) }).then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
    await delay(pause);
    cut();
    expect(['CONNECTION_LOST', 'UPLOAD_CORRUPT']).toContain(await upload);
    await host.close();
    expect(existsSync(target)).toBe(false);
  }
  // Remaining processes end by themselves, and remove their temporary file.
  await expect
    .poll(() => readdirSync(base).filter((name) => name.includes('api7-orch-new')), { timeout: 10_000 })
    .toEqual([]);
});

test('remaining processes of a lost write never harm the next one', async () => {
  const target = join(base, 'again');
  const bytes = Buffer.alloc(20_000_000, 'w');
  const local = join(base, 'from-again');
  writeFileSync(local, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  for (const pause of [0, 10, 20, 40, 80, 160]) {
    const first = await open();
    await first.facts();
    const lost = first.upload(local, target, { ...OWNED, sha256 }).catch(() => {});
    await delay(pause);
    cut();
    const second = await open();
    await second.upload(local, target, { ...OWNED, sha256 });
    expect(await second.sha256(target)).toBe(sha256);
    await lost;
    await second.remove(target);
    await second.close();
  }
  await expect
    .poll(() => readdirSync(base).filter((name) => name.includes('api7-orch-new')), { timeout: 10_000 })
    .toEqual([]);
});

test('closing is final, quick, and may be done twice', async () => {
  const host = await open();
  const running = host.run({ argv: ['sleep', '30'] });
  running.catch(() => {});
  await delay(200);
  const started = Date.now();
  await host.close();
  await host.close();
  expect(Date.now() - started).toBeLessThan(15_000);
  await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});

test('a dialed socket ends with the connection', async () => {
  const host = await open();
  const socket = await host.dialDocker().catch(() => undefined);
  if (socket === undefined) throw new Error('the dial itself must not fail before the script has run');
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  });
  cut();
  expect(await ended).toMatch(/^(CONNECTION_LOST|DOCKER_NOT_FOUND|DOCKER_UNREACHABLE)$/);
  await host.close();
});
