import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { afterEach, expect, test, vi } from 'vitest';
import { dialDirectly } from '../../src/transport/connect-watch.ts';
import type { SshTarget } from '../../src/transport/ssh-target.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Takes nobody's connection for a moment, as where the first packet is lost: it is sent again after a second. */
const LATE = [
  'import socket,time',
  's=socket.socket();s.bind(("127.0.0.1",0));s.listen(0);p=s.getsockname()[1]',
  'held=[socket.socket() for _ in range(4)]',
  'for h in held: h.setblocking(False); h.connect_ex(("127.0.0.1",p))',
  'print(p,flush=True);time.sleep(0.6)',
  'while True: held.append(s.accept()[0])',
].join('\n');

test('an address that takes its time is waited for, also where the name has another one', async () => {
  const late = spawn('python3', ['-c', LATE], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = Number(await new Promise<Buffer>((resolve) => late.stdout.once('data', resolve)));
    const addresses = [
      { address: '127.0.0.1', family: 4 },
      { address: '127.0.0.2', family: 4 },
    ];
    vi.spyOn(dns, 'lookup').mockImplementation(
      ((_name: string, _options: unknown, done: (...answer: unknown[]) => void) => void done(null, addresses)) as never,
    );
    const target: SshTarget = {
      name: 'gw-1',
      address: 'gw-1.test',
      port,
      user: 'ops',
      become: 'none',
      connectTimeoutMs: 10_000,
    };
    const socket = await dialDirectly(target)(new AbortController().signal);
    expect(socket).toMatchObject({ remoteAddress: '127.0.0.1' });
    socket.destroy();
  } finally {
    late.kill();
  }
});
