import { connect } from 'node:net';

const silentAfterMs = 30_000;

/** The target of streams: one TCP frontend of one balancer. */
export interface StreamTarget {
  readonly balancer: string;
  /** The name in the report. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/**
 * One TCP connection that is kept. The service behind the gateways greets with the source address of the connection, and must
 * then echo each of so many lines, one every `everyMs`. The client closes it after the last one, so that any other end is an
 * error by its code, or `ended by the other side`. Returns the address of the gateway.
 * @example await streamEchoes(target, { lines: 20, everyMs: 250 }, () => true) // '10.231.0.121'
 */
export function streamEchoes(
  target: StreamTarget,
  { lines, everyMs }: { readonly lines: number; readonly everyMs: number },
  running: () => boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    let gateway: string | undefined;
    let sent = 0;
    let waiting = '';
    let heard = '';
    let next: NodeJS.Timeout | undefined;
    let done = false;
    const end = (error?: Error) => {
      if (done) return;
      done = true;
      clearTimeout(next);
      if (error) {
        socket.destroy();
        return reject(error);
      }
      socket.end(() => resolve(gateway ?? ''));
    };
    const say = () => {
      if (sent >= lines || !running()) return end();
      waiting = `line ${++sent}`;
      socket.write(`${waiting}\n`);
    };
    const hear = (line: string) => {
      if (gateway === undefined) {
        gateway = /^from (\S+)$/.exec(line)?.[1];
        return gateway === undefined ? end(new Error('no greeting')) : say();
      }
      if (line !== waiting) return end(new Error('another line came back'));
      waiting = '';
      next = setTimeout(say, everyMs);
    };
    socket.setTimeout(silentAfterMs, () => end(new Error(`silent for ${silentAfterMs / 1000} s`)));
    socket.setEncoding('utf8').on('data', (chunk) => {
      heard += chunk;
      const parts = heard.split('\n');
      heard = parts.pop() ?? '';
      for (const line of parts) if (!done) hear(line);
    });
    socket.once('error', end);
    socket.once('end', () => end(new Error('ended by the other side')));
  });
}
