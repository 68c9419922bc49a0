import { haproxy } from '../../../src/lb/haproxy/haproxy.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { type BalancerWorld, loadBalancerContract, type Node } from '../../contract/load-balancer.ts';
import { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';

const ADDRESSES: Readonly<Record<Node, string>> = { 'gw-1': '10.0.2.21', 'gw-2': '10.0.2.22', 'gw-3': '10.0.2.23' };
const NODES: readonly Node[] = ['gw-1', 'gw-2', 'gw-3'];
const PORT = 9080;

const CONFIG = `
defaults
  default-server inter 1s fall 3 rise 2
backend gateways
  cookie SRV insert
${NODES.map((node) => `  server ${node} ${ADDRESSES[node]}:${PORT} check cookie ${node}`).join('\n')}
backend gateways_tcp
${NODES.map((node) => `  server ${node} ${ADDRESSES[node]}:${PORT} track gateways/${node}`).join('\n')}
`;

async function open(): Promise<BalancerWorld> {
  let now = 1_000_000;
  const fake = new FakeHaproxy({
    clock: { now: () => now },
    servers: NODES.flatMap((name) => [
      { backend: 'gateways', name, address: ADDRESSES[name], port: PORT, cookie: name, weight: 100 },
      { backend: 'gateways_tcp', name, address: ADDRESSES[name], port: PORT, track: `gateways/${name}` },
    ]),
  });
  now += 60_000;
  const host = new FakeHost({ name: 'lb-1', ...fake.host });
  host.files.makeDirectory('/etc/haproxy', { mode: '0755', owner: 'root', group: 'root' });
  await host.writeFile('/etc/haproxy/haproxy.cfg', CONFIG, { mode: '0644', owner: 'root', group: 'root' });
  return {
    balancer: haproxy({ pool: 'gateways', host: 'lb-1', socket: '/run/haproxy/admin.sock' }),
    host,
    member: (node) => ({ node, address: ADDRESSES[node], port: PORT }),
    async request(stick) {
      const session = fake.request('gateways', stick);
      session?.end();
      return (session?.server as Node | undefined) ?? null;
    },
    async hold(node) {
      for (;;) {
        const session = fake.request('gateways');
        if (session?.server === node) return { release: async () => session.end() };
        session?.end();
      }
    },
    drainExternally: async (node) => {
      for (const backend of ['gateways', 'gateways_tcp']) fake.command(`set server ${backend}/${node} state maint`);
    },
    reload: async () => {
      now += 2000;
      fake.reload();
    },
    wait: async (ms) => {
      now += ms;
    },
    lives: async (node, alive) => fake.lives(ADDRESSES[node], alive),
    [Symbol.asyncDispose]: () => host.close(),
  };
}

loadBalancerContract('haproxy, in memory', open);
