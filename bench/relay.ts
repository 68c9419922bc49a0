import { connect, createServer, type Socket } from 'node:net';

/** What went over one connection through a relay. */
export interface Passage {
  /**
   * Round trips one after another: the longest chain of "the client sent something after it had received something that
   * the server had sent after it had received something …". What travels side by side counts once.
   */
  readonly trips: number;
  /** How often the direction of the bytes changed, as the relay saw them come. */
  readonly turns: number;
  readonly bytes: number;
}

export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Milliseconds that bytes are held in each direction. */
  hold(ms: number): void;
  /** The connections since the last call. */
  taken(): readonly Passage[];
}

interface Counter {
  trips: number;
  turns: number;
  bytes: number;
}

/**
 * A TCP relay that holds the bytes on their way: the distance to a far host, on any kernel. It does not hold the opening
 * of the connection itself.
 *
 * @example await using relay = await startRelay({ address: '127.0.1.1', port: 2222 }); relay.hold(25)
 */
export async function startRelay(to: { readonly address: string; readonly port: number }): Promise<Relay> {
  let heldMs = 0;
  let passages: Counter[] = [];
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const remote = connect({ host: to.address, port: to.port, allowHalfOpen: true, noDelay: true });
    const count: Counter = { trips: 0, turns: 0, bytes: 0 };
    passages.push(count);
    let coming: Socket | undefined;
    // How many trips lie behind what each end has received so far.
    const reached = new Map([client, remote].map((end): [Socket, number] => [end, 0]));
    const pass = (from: Socket, onto: Socket): void => {
      from.on('data', (chunk: Buffer) => {
        if (coming !== from && coming !== undefined) count.turns++;
        coming = from;
        count.bytes += chunk.length;
        const depth = (reached.get(from) ?? 0) + (from === client ? 1 : 0);
        count.trips = Math.max(count.trips, depth);
        later(() => {
          reached.set(onto, Math.max(reached.get(onto) ?? 0, depth));
          if (onto.writable) onto.write(chunk);
        });
      });
      from.on('end', () => later(() => onto.end()));
      from.on('error', () => later(() => onto.destroy()));
      from.on('close', () => open.delete(from));
      open.add(from);
    };
    pass(client, remote);
    pass(remote, client);
  });
  // Timers of one length fire in the order in which they were set.
  const later = (act: () => void): void => {
    if (heldMs === 0) act();
    else setTimeout(act, heldMs);
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, to.address, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay got no port');
  return {
    port: address.port,
    hold(ms) {
      heldMs = ms;
    },
    taken() {
      const all = passages;
      passages = [];
      return all;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
