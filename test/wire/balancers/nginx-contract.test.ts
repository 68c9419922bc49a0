import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Member } from '../../../src/core/host/balancer.ts';
import { withDocker } from '../../../src/docker/client.ts';
import { leasePath } from '../../../src/lb/lease.ts';
import { nginx } from '../../../src/lb/nginx/nginx.ts';
import { connectLocal } from '../../../src/transport/local/local.ts';
import { type BalancerWorld, loadBalancerContract, type Node } from '../../contract/load-balancer.ts';
import { listenAs, startNginx } from '../../support/balancers/real-nginx.ts';
import { freePort } from '../../support/base/free-port.ts';

const PORT = await freePort();
const NODE_PORT = await freePort();
const NODES: readonly Node[] = ['gw-1', 'gw-2', 'gw-3'];
const member = (node: Node): Member => ({ node, address: `127.0.71.${node.slice(3)}`, port: NODE_PORT });

async function open(): Promise<BalancerWorld> {
  const raw = await connectLocal('lb-1', { become: 'none' });
  const host = withDocker(raw);
  const held: { readonly node: Node; release(): void }[] = [];
  const servers = await Promise.all(
    NODES.map((node) =>
      listenAs(member(node).address, NODE_PORT, (request, response) => {
        response.writeHead(200, { 'x-node': node }).flushHeaders();
        if (request.url === '/hold') held.push({ node, release: () => response.end() });
        else response.end();
      }),
    ),
  );
  const real = await startNginx(PORT, NODES.map((node) => `server ${member(node).address}:${NODE_PORT};\n`).join(''));
  // Leases have one directory on a machine; no other test has this pool.
  const pool = `contract-${process.pid}`;
  const balancer = nginx({ pool, host: 'lb-1', ...real });
  const ask = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: PORT, path, agent: false }, resolve).on('error', reject);
    });
  return {
    balancer,
    host,
    member,
    async request() {
      const reply = await ask('/');
      reply.resume();
      return NODES.find((node) => node === reply.headers['x-node']) ?? null;
    },
    async hold(node) {
      for (;;) {
        const reply = await ask('/hold');
        const [mine] = held.splice(0);
        if (mine?.node !== node) {
          reply.destroy();
          mine?.release();
          continue;
        }
        const ended = new Promise((resolve, reject) => reply.on('end', resolve).on('error', reject).resume());
        return {
          async release() {
            mine.release();
            await ended;
          },
        };
      }
    },
    async drainExternally(node) {
      const { address } = member(node);
      const text = readFileSync(real.include, 'utf8');
      writeFileSync(real.include, text.replace(`${address}:${NODE_PORT};`, `${address}:${NODE_PORT} down;`));
      const [program = '', ...words] = real.reload;
      execFileSync(program, words, { stdio: 'pipe' });
      for (let tries = 0; tries < 200; tries += 1) {
        const { servers: seen } = await balancer.view(host, member(node));
        if (seen.every(({ state }) => state === 'drained')) return;
        await delay(50);
      }
      throw new Error('nginx has not reloaded');
    },
    reload: () => Promise.reject(new Error('a reload loses nothing')),
    wait: delay,
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await real[Symbol.asyncDispose]();
      for (const node of NODES) rmSync(leasePath(pool, node), { force: true });
      await raw.close();
    },
  };
}

loadBalancerContract('nginx', open, {
  skip: {
    sticky: 'a server that is down gets nothing, whatever the client was given before',
    'reload loses drains': 'the include file outlives a reload',
    'a lost drain is visible': 'the include file outlives a reload',
    health: 'nginx does not check servers by itself',
    'a part of the traffic': 'it does not count requests, so a part of them would show nothing',
  },
});
