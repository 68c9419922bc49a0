import { afterAll } from 'vitest';
import type { Balancer } from '../../src/core/host/balancer.ts';
import type { DeclaredChecks } from '../../src/lb/declared-timing.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { type BalancerWorld, loadBalancerContract, type Node } from '../contract/load-balancer.ts';
import { fromCache, moduleFolder, moduleWith } from './modules.ts';

const folder = moduleFolder('docs-driver');
afterAll(() => folder[Symbol.dispose]());

interface PebbleOptions {
  readonly pool: string;
  readonly host: string;
  readonly admin: string;
  readonly check?: DeclaredChecks;
}

const page = moduleWith('docs/writing-a-driver.md', 'pebble');
const module: { pebble(options: PebbleOptions): Balancer } = await import(folder.write('pebble.ts', fromCache(page)));

const NODES: readonly Node[] = ['gw-1', 'gw-2', 'gw-3'];
const PORT = 9080;
const addressOf = (node: Node): string => `10.0.2.2${node.slice(3)}`;

/** The balancer of the page, in memory. */
class Pebble {
  readonly #members = new Map(NODES.map((node) => [`${addressOf(node)}:${PORT}`, { node, on: true, sessions: 0 }]));
  #turn = 0;

  command(words: readonly string[]): { readonly code?: number; readonly stdout?: string } {
    const [program, , admin, verb, at = '', to] = words;
    const member = this.#members.get(at);
    if (program !== 'pebblectl' || admin !== '/run/pebble') return { code: 127 };
    if (member === undefined) return { stdout: 'unknown\n' };
    if (verb === 'set') member.on = to === 'on';
    return { stdout: `${member.on ? 'on' : 'off'} ${member.sessions}\n` };
  }

  begin() {
    const on = [...this.#members.values()].filter((member) => member.on);
    const member = on[this.#turn++ % on.length];
    if (member !== undefined) member.sessions += 1;
    return member;
  }
}

async function open(): Promise<BalancerWorld> {
  const pebble = new Pebble();
  const host = new FakeHost({
    name: 'lb-1',
    command: (command) => ('argv' in command ? pebble.command(command.argv) : { code: 127 }),
  });
  return {
    balancer: module.pebble({ pool: 'gateways', host: 'lb-1', admin: '/run/pebble' }),
    host,
    member: (node) => ({ node, address: addressOf(node), port: PORT }),
    async request() {
      const session = pebble.begin();
      if (session !== undefined) session.sessions -= 1;
      return session?.node ?? null;
    },
    async hold(node) {
      for (;;) {
        const session = pebble.begin();
        if (session === undefined) throw new Error('no member is on');
        const release = async () => {
          session.sessions -= 1;
        };
        if (session.node === node) return { release };
        await release();
      }
    },
    drainExternally: async (node) => {
      pebble.command(['pebblectl', '-s', '/run/pebble', 'set', `${addressOf(node)}:${PORT}`, 'off']);
    },
    reload: () => Promise.reject(new Error('a reload loses nothing')),
    wait: async () => undefined,
    [Symbol.asyncDispose]: () => host.close(),
  };
}

loadBalancerContract('the driver of docs/writing-a-driver.md', open, {
  skip: {
    sticky: 'pebble keeps no client with a member',
    'reload loses drains': 'pebble keeps its members through a reload',
    'a lost drain is visible': 'pebble keeps its members through a reload',
    health: 'pebble does not check members',
    'a part of the traffic': 'it does not count requests, so a part of them would show nothing',
  },
});
