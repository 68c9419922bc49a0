import { connect, createServer, type Socket } from 'node:net';

/** The traffic of one connection through a relay. */
export interface Passage {
  /**
   * Sequential round trips: the longest chain of "the client sent after it had received what the server had sent after
   * it had received …". Parallel traffic counts once.
   */
  readonly trips: number;
  /** How often the direction of the bytes changed, as seen by the relay. */
  readonly turns: number;
  readonly bytes: number;
}

export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Milliseconds of delay in each direction. */
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
 * A TCP relay that delays bytes: simulates the distance of a far host, on any kernel. Does not delay the opening of the
 * connection.
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
    // Number of trips behind the bytes that each end has received so far.
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
  // Timers of equal length fire in the order of their creation.
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
