import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readingShell } from '../../../src/transport/read/reading-shell.ts';
import { openLink } from '../../../src/transport/ssh/connect/client.ts';
import { launchAside } from '../../../src/transport/ssh/link/aside.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import { listen } from '../../support/base/listen.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let one: TestSshd;
beforeAll(async () => {
  one = await startSshd({ config: ['MaxSessions 1'] });
});
afterAll(async () => {
  await one[Symbol.asyncDispose]();
});

describe('a command that is stopped where sshd grants one session', () => {
  /** Commands that still run with this mark. */
  const alive = (mark: string): string =>
    execFileSync('sh', ['-c', `ps -eo stat,args | grep "[s]leep ${mark}" | grep -v '^Z' || :`], { encoding: 'utf8' });
  let marks = 0;
  const newMark = (): string => `43.${Date.now() % 1_000_000}${marks++}`;

  test.each(['sudo', 'none'] as const)('past its time limit, its group is killed; become %s', async (become) => {
    const host = await one.connect({ become });
    const mark = newMark();
    const begun = Date.now();
    await expect(host.run({ script: `sleep ${mark} & sleep ${mark}` }, { timeoutMs: 1500 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('its process group was killed'),
    });
    expect(Date.now() - begun).toBeLessThan(20_000);
    await expect.poll(() => alive(mark)).toBe('');
    expect(await host.stat('/')).toMatchObject({ type: 'directory' });
    // Only the earlier connection is left.
    await expect.poll(() => one.connections().length).toBe(1);
    await host.close();
  });

  test('a command that ignores TERM is killed', async () => {
    const host = await one.connect();
    const mark = newMark();
    const script = `trap '' TERM; sleep ${mark}; sleep ${mark}`;
    await expect(host.run({ script }, { timeoutMs: 1500 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await expect.poll(() => alive(mark)).toBe('');
    expect(await host.stat('/')).toMatchObject({ type: 'directory' });
    await host.close();
  });

  test('an interrupt that also ends all connecting kills it, through a jump host', async () => {
    const stop = new AbortController();
    const jump = one.target({ name: 'bastion', become: 'none' });
    const host = await connectSsh(one.target({ jump }), { acceptNewHostKeys: false, signal: stop.signal });
    const mark = newMark();
    const begun = Promise.withResolvers<void>();
    const running = host.run(
      { script: `sleep ${mark} & echo begun; sleep ${mark}` },
      { signal: stop.signal, onOutput: () => begun.resolve() },
    );
    const outcome = expect(running).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('process group killed'),
    });
    await Promise.race([begun.promise, outcome]);
    expect(alive(mark)).not.toBe('');
    stop.abort();
    await outcome;
    await expect.poll(() => alive(mark)).toBe('');
    await host.close();
  });

  test('without a further connection, the error reports that it may still run', async () => {
    const door = createServer((client) => {
      door.close();
      const server = connect(one.port, '127.0.0.1');
      client.on('error', () => {}).on('close', () => server.destroy());
      server.on('error', () => {}).on('close', () => client.destroy());
      client.pipe(server).pipe(client);
    });
    const port = await listen(door);
    const target = one.target({ port, become: 'none', knownHosts: ['/dev/null'] });
    const host = await connectSsh(target, { acceptNewHostKeys: true });
    const mark = newMark();
    const error = await host
      .run({ script: `echo begun; sleep ${mark}` }, { timeoutMs: 2000 })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringMatching(/^the command did not end within .*; its process group could not be killed$/),
      hint: expect.stringMatching(/may still run on the host.*kill -s KILL -- -\d+/),
      details: 'begun\n',
    });
    expect(alive(mark)).not.toBe('');
    const group = /-- -(\d+)/.exec((error as { readonly hint: string }).hint)?.[1];
    process.kill(-Number(group), 'SIGKILL');
    await host.close();
  });

  test('a script of the read shell is killed, too', async () => {
    const another = () => openLink(one.target(), { acceptNewHostKeys: false });
    const link = await another();
    const shell = readingShell(launchAside(link.launch, another), { become: 'sudo' }, () => {});
    const mark = newMark();
    const hung = shell.run({ script: `sleep ${mark}`, timeoutMs: 1500 });
    const behind = shell.run({ script: 'echo behind' });
    await expect(hung).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('its shell was killed'),
    });
    await expect.poll(() => alive(mark)).toBe('');
    expect((await behind).stdout.toString()).toBe('behind\n');
    await link.close();
  });
});
