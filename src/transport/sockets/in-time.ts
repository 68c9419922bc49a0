import type { Duplex } from 'node:stream';

/** The socket of a dial, bounded by the deadline. A socket that arrives later is closed. */
export const inTime = (dialling: Promise<Duplex>, deadline: AbortSignal): Promise<Duplex> =>
  new Promise<Duplex>((resolve, reject) => {
    deadline.addEventListener('abort', () => reject(deadline.reason), { once: true });
    dialling.then((socket) => (deadline.aborted ? socket.destroy() : resolve(socket)), reject);
  });
