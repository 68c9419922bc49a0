import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { vi } from 'vitest';

/** Accepts no connection for a moment, as after the loss of the first packet: it is sent again after a second. */
const LATE = [
  'import socket,time',
  's=socket.socket();s.bind(("127.0.0.1",0));s.listen(0);p=s.getsockname()[1]',
  'held=[socket.socket() for _ in range(4)]',
  'for h in held: h.setblocking(False); h.connect_ex(("127.0.0.1",p))',
  'print(p,flush=True);time.sleep(0.6)',
  'while True: held.append(s.accept()[0])',
].join('\n');

/**
 * A listener that replies only to a retransmitted packet, and a name server that has two addresses for every name, its own the
 * first of them.
 * @example using late = await lateListener(); connect(late.port, 'any.test')
 */
export async function lateListener(): Promise<Disposable & { readonly port: number }> {
  const late = spawn('python3', ['-c', LATE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(await new Promise<Buffer>((resolve) => late.stdout.once('data', resolve)));
  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
  const lookup = vi
    .spyOn(dns, 'lookup')
    .mockImplementation(((_name: string, _options: unknown, done: (...answer: unknown[]) => void) =>
      done(null, addresses)) as never);
  return {
    port,
    [Symbol.dispose]() {
      lookup.mockRestore();
      late.kill();
    },
  };
}
