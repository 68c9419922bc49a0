import { createServer } from 'node:net';
import { LabError } from '../lab-error.ts';

// Below the kernel's range for outgoing connections: a restart finds its port free again.
const lowest = 20_000;
const highest = 31_999;
const tries = 200;

/**
 * A free TCP port on 127.0.0.1 that is not among `taken`; it and all ports that were tried join them.
 * @example await freePort(new Set()) // 24310
 */
export async function freePort(taken: Set<number>): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (taken.has(port)) continue;
    // At once: another call must not choose it while this one tries it.
    taken.add(port);
    if (await free(port)) return port;
  }
  throw new LabError(`no free port on 127.0.0.1 between ${lowest} and ${highest}`);
}

/** Whether a port on 127.0.0.1 can be bound. */
export function free(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
