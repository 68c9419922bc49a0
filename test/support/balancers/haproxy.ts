import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../../../src/core/host/connection.ts';
import { withDocker } from '../../../src/docker/client.ts';
import { connectLocal } from '../../../src/transport/local/local.ts';
import { endProcess } from '../base/end-process.ts';
import { freePort } from '../base/free-port.ts';
import { installed } from '../base/installed.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';

/** A node behind a balancer: an HTTP server on an address of 127.0.0.0/8 that returns its name. */
export interface TestNode {
  readonly name: string;
  readonly address: string;
  /** Requests for /hold that wait for `release`. */
  readonly held: ServerResponse[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Nodes gw-1, gw-2, … on 127.0.0.11, .12, … and one port. */
export async function startNodes(names: readonly string[]): Promise<{ port: number; nodes: readonly TestNode[] }> {
  const port = await freePort();
  const nodes = names.map((name, index) => testNode(name, `127.0.0.${11 + index}`, port));
  await Promise.all(nodes.map((node) => node.start()));
  return { port, nodes };
}

function testNode(name: string, address: string, port: number): TestNode {
  let server: Server | undefined;
  const held: ServerResponse[] = [];
  return {
    name,
    address,
    held,
    async start() {
      const fresh = createServer((asked, reply) => {
        if (asked.url === '/hold') return void held.push(reply);
        reply.end(name);
      });
      await new Promise<void>((resolve, reject) => {
        fresh.once('error', reject);
        fresh.listen(port, address, resolve);
      });
      server = fresh;
    },
    async stop() {
      for (const reply of held.splice(0)) reply.destroy();
      server?.closeAllConnections();
      await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
      server = undefined;
    },
  };
}

/** A real HAProxy with a configuration of the test's own. `%s` in it is the path of the admin socket. */
export interface TestHaproxy extends AsyncDisposable {
  readonly socket: string;
  readonly config: string;
  /** This machine, as the host that runs it. */
  readonly host: Connection;
  show(what: string): Promise<string>;
  /** With a new configuration, if there is one. */
  reload(config?: string): Promise<void>;
}

export async function startHaproxy(config: string): Promise<TestHaproxy> {
  const program = installed('/usr/sbin/haproxy', 'haproxy');
  const directory = temporaryDirectory('haproxy');
  const path = join(directory, 'haproxy.cfg');
  const socket = join(directory, 'admin.sock');
  const write = (text: string): void => writeFileSync(path, `${text.replaceAll('%s', socket)}\n`);
  write(config);
  const host = withDocker(await connectLocal('lb-1', { become: 'none' }));
  let printed = '';
  const master: ChildProcess = spawn(program, ['-W', '-db', '-f', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const hear = (chunk: Buffer): void => {
    printed = (printed + chunk.toString()).slice(-5000);
  };
  master.stdout?.on('data', hear);
  master.stderr?.on('data', hear);
  const show = (what: string): Promise<string> => host.haproxyShow(socket, what as 'info');
  const pid = async (): Promise<string | undefined> => /^Pid: (\d+)/m.exec(await show('info').catch(() => ''))?.[1];
  const untilOther = async (old: string | undefined): Promise<void> => {
    for (let tries = 0; tries < 200; tries++) {
      const now = await pid();
      if (now !== undefined && now !== old) return;
      await delay(50);
    }
    throw new Error(`HAProxy did not start:\n${printed}`);
  };
  await untilOther(undefined);
  return {
    socket,
    config: path,
    host,
    show,
    async reload(fresh) {
      const old = await pid();
      if (fresh !== undefined) write(fresh);
      const before = printed;
      master.kill('SIGUSR2');
      // A master that has just started may have missed it.
      const again = setInterval(() => printed === before && master.kill('SIGUSR2'), 1000);
      await untilOther(old).finally(() => clearInterval(again));
    },
    [Symbol.asyncDispose]: async () => {
      await host.close();
      await endProcess(master);
    },
  };
}

/** GET on a connection of its own; `null` for any status but 200. `begun` is called once it is on its way. */
export function get(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, headers, agent: false }, (reply) => {
      let text = '';
      reply.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      reply.on('error', reject);
      reply.on('end', () => resolve(reply.statusCode === 200 ? text : null));
    });
    call.on('error', reject);
    call.end();
  });
}
