import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { haproxy } from '../../../src/lb/haproxy/haproxy.ts';
import { leasePath } from '../../../src/lb/lease.ts';
import { type BalancerWorld, loadBalancerContract, type Node } from '../../contract/load-balancer.ts';
import { get, startHaproxy, startNodes } from '../../support/balancers/haproxy.ts';
import { freePort } from '../../support/base/free-port.ts';

const NODES: readonly Node[] = ['gw-1', 'gw-2', 'gw-3'];
let pools = 0;

async function open(): Promise<BalancerWorld> {
  const { port, nodes } = await startNodes(NODES);
  const entry = await freePort();
  const pool = `contract-${process.pid}-${pools++}`;
  const server = (name: string, address: string, more: string): string => `  server ${name} ${address}:${port} ${more}`;
  const lb = await startHaproxy(`
global
  stats socket %s mode 600 level admin expose-fd listeners
  hard-stop-after 5s
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout check 2s
  retries 0
  default-server inter 500ms fall 2 rise 2
frontend in
  bind 127.0.0.1:${entry}
  default_backend gateways
backend gateways
  option httpchk GET /status
  cookie SRV insert indirect nocache
${nodes.map(({ name, address }) => server(name, address, `check weight 100 cookie ${name}`)).join('\n')}
backend gateways_tcp
  mode tcp
${nodes.map(({ name, address }) => server(name, address, `track gateways/${name}`)).join('\n')}
`);
  const at = (name: Node) => nodes[NODES.indexOf(name)] ?? { name, address: '', held: [] };
  return {
    balancer: haproxy({ pool, host: 'lb-1', socket: lb.socket, config: lb.config }),
    host: lb.host,
    member: (node) => ({ node, address: at(node).address, port }),
    request: async (stick) => (await get(entry, '/', stick && { cookie: `SRV=${stick}` })) as Node | null,
    async hold(node) {
      const answer = get(entry, '/hold', { cookie: `SRV=${node}` });
      while (at(node).held.length === 0) await delay(10);
      return {
        async release() {
          for (const reply of at(node).held.splice(0)) reply.end(node);
          await answer;
        },
      };
    },
    async drainExternally(node) {
      for (const backend of ['gateways', 'gateways_tcp'])
        await lb.host.haproxyCommand(lb.socket, `set server ${backend}/${node} state maint`);
    },
    reload: () => lb.reload(),
    wait: async (ms) => void (await delay(ms)),
    lives: (node, alive) => {
      const one = nodes[NODES.indexOf(node)];
      return one === undefined ? Promise.resolve() : alive ? one.start() : one.stop();
    },
    [Symbol.asyncDispose]: async () => {
      await lb[Symbol.asyncDispose]();
      await Promise.all(nodes.map((node) => node.stop()));
      for (const node of NODES) rmSync(leasePath(pool, node), { force: true });
    },
  };
}

loadBalancerContract('haproxy, the real one', open);
