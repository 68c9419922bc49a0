import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import { listen } from '../../support/base/listen.ts';
import { holdingRelay } from '../../support/ssh/holding-relay.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

/** Bytes that ssh2 lets a server send on a channel before it has to be asked for more. */
const WINDOW = 2 * 1024 * 1024;

let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd[Symbol.asyncDispose]());

test.concurrent('output after the exit status is waited for', async ({ expect }) => {
  await using relay = await holdingRelay(sshd.port);
  const host = await connectSsh(sshd.target({ port: relay.port, knownHosts: ['/dev/null'] }), {
    acceptNewHostKeys: true,
  });
  const more = 20_000;
  const begun = Promise.withResolvers<void>();
  let received = 0;
  let last = '';
  const running = host.run(
    { script: `echo begun; sleep 0.5; head -c ${WINDOW + more} /dev/zero | tr '\\0' x; echo end; exit 3` },
    {
      onOutput: (_stream, text) => {
        begun.resolve();
        received += text.length;
        last = text.slice(-4);
      },
    },
  );
  // From here on sshd has no more window: it sends what it may, then the exit status, and the rest must wait.
  await begun.promise;
  await relay.holdAfter(0);
  await expect.poll(() => received, { timeout: 30_000 }).toBeGreaterThan(WINDOW - 70_000);
  // Longer than the wait for background output, and than the timeout of a host that responds otherwise.
  await delay(12_500);
  expect(received).toBeLessThan(WINDOW + 1000);
  relay.release();
  expect(await running).toMatchObject({ code: 3, signal: null });
  expect([received, last]).toEqual([WINDOW + more + 'begun\nend\n'.length, 'end\n']);
  await host.close();
}, 120_000);

test.concurrent('a slow banner, line by line and the last one byte by byte, is waited for', async () => {
  const relay = createServer((client) => {
    const server = connect(sshd.port, '127.0.0.1');
    client.on('error', () => {}).on('close', () => server.destroy());
    server.on('error', () => {}).on('close', () => client.destroy());
    client.pipe(server);
    server.once('data', async (banner: Buffer) => {
      server.pause();
      for (const line of ['Only for those\r\n', 'who may be\r\n', 'here.\r\n']) {
        client.write(line);
        await delay(150);
      }
      const end = banner.indexOf('\n');
      for (const byte of banner.subarray(0, end)) {
        client.write(Buffer.from([byte]));
        await delay(5);
      }
      client.write(banner.subarray(end));
      server.pipe(client);
    });
  });
  const port = await listen(relay);
  const host = await connectSsh(sshd.target({ port, knownHosts: ['/dev/null'] }), { acceptNewHostKeys: true });
  expect((await host.run({ argv: ['echo', 'in'] })).stdout).toBe('in\n');
  await host.close();
  relay.close();
});

test.concurrent('a banner of many lines before the login, and a slow login with messages meanwhile, are waited for', async () => {
  await using slow = await startSshd({ config: ['Banner /etc/services', 'PermitUserRC yes'] });
  // sshd runs it at the start of every session.
  mkdirSync(join(slow.home, '.ssh'));
  writeFileSync(join(slow.home, '.ssh/rc'), "printf 'Last login: '; sleep 1; echo never; echo 'mind the step' >&2\n");
  const host = await slow.connect();
  const [stat, result] = await Promise.all([
    host.stat('/'),
    host.run({ script: 'cat; echo err >&2' }, { stdin: 'in\n' }),
  ]);
  expect(stat).toMatchObject({ type: 'directory' });
  expect(result).toEqual({ code: 0, signal: null, stdout: 'in\n', stderr: 'err\n' });
  await host.close();
});
