import type { AddressInfo } from 'node:net';

/** As far as a server of Node or of ssh2 has it. */
interface Listener {
  listen(port: number, address: string, listening: () => void): unknown;
  address(): unknown;
}

/**
 * Lets a server listen on a free port of this machine. @returns the port
 * @example const port = await listen(createServer((socket) => socket.end()));
 */
export async function listen(server: Listener, address = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, address, () => resolve()));
  return (server.address() as AddressInfo).port;
}
