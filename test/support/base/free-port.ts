import { createServer } from 'node:net';

// Below the kernel's range of ports, and beside those of the lab (20000 and up): no other process takes one meanwhile.
const LOWEST = 10_000;
const COUNT = 10_000;
const TRIES = 200;

/**
 * A TCP port that is free on all addresses of this machine. No other test process gets it until this process ends.
 * @example await freePort() // 14310
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${LOWEST + COUNT - 1}`);
}

/** An abstract socket is the reservation: one process on the machine can have the name, and the kernel drops it with the process. */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const mark = createServer()
      .once('error', () => resolve(false))
      .listen(`\0api7-orch-test-port-${port}`, () => resolve(true));
    mark.unref();
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '0.0.0.0', () => probe.close(() => resolve(true)));
  });
}
