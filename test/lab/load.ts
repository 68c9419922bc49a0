import { setTimeout as sleep } from 'node:timers/promises';
import { balancerCounters, type Counted, risen } from './balancer-counters.ts';
import type { Lab } from './lab.ts';
import { hostsOf } from './lab-file.ts';
import { Connections, echoes, exchange, type Target } from './load-clients.ts';
import { LoadTally, type Outcome } from './load-tally.ts';

/** How many clients of each kind; all are spread over the balancers and their HTTP and TCP frontends. */
export interface LoadOptions {
  /** GET and POST requests per second on kept connections. Default 200. */
  readonly rate?: number;
  /** Websockets, each held for 8 s. Default 8. */
  readonly websockets?: number;
  /** Answers that take 8 s. Default 8. */
  readonly slow?: number;
  /** Downloads that take 60 s. Default 0. */
  readonly downloads?: number;
  /** Connections to HTTP frontends that are used once in 20 s. Default 4. */
  readonly idle?: number;
}

export interface LoadReport {
  readonly seconds: number;
  readonly sent: number;
  readonly good: number;
  /** By `get http`, `websocket tcp` … */
  readonly clients: Readonly<Record<string, Outcome>>;
  /** By client and what it was: `post tcp: ECONNRESET`. */
  readonly errors: Readonly<Record<string, number>>;
  /** Good answers by gateway. */
  readonly gateways: Readonly<Record<string, number>>;
  /** The balancers' counters that rose, by `lb-1 gateways/gw-1 econ`. */
  readonly risen: Counted;
}

const defaults = { rate: 200, websockets: 8, slow: 8, downloads: 0, idle: 4 };

/**
 * A load through all balancers that goes on until it is stopped. It is open: requests are sent at their times, however
 * long others take. Stopping lets everything that was begun end by itself, so it breaks nothing off.
 * @example const load = await startLoad(lab); … const { errors, risen } = await load.stop();
 */
export async function startLoad(lab: Lab, options: LoadOptions = {}): Promise<{ stop(): Promise<LoadReport> }> {
  const { rate, websockets, slow, downloads, idle } = { ...defaults, ...options };
  const targets = hostsOf(lab.file, 'load_balancer').flatMap((balancer): Target[] => [
    { name: 'http', url: lab.direct('gateways', balancer), glued: false },
    { name: 'tcp', url: lab.direct('gateways_tcp', balancer), glued: true },
  ]);
  const before = await balancerCounters(lab);
  const begun = Date.now();
  const tally = new LoadTally();
  const halt = new AbortController();
  const running = () => !halt.signal.aborted;
  const pause = (ms: number) => sleep(Math.max(0, ms), undefined, { signal: halt.signal }).catch(() => {});

  const steady = async (target: Target, method: 'get' | 'post', at: number): Promise<void> => {
    const every = (1000 * targets.length * 2) / rate;
    const connections = new Connections(target);
    const open = new Set<Promise<void>>();
    for (let n = 0; running(); n++) {
      const body = method === 'post' ? `order ${n} ${'x'.repeat(200)}` : undefined;
      const sent = tally.count(`${method} ${target.name}`, () => connections.exchange(`/load?n=${n}`, body));
      open.add(sent);
      void sent.then(() => open.delete(sent));
      // By the clock, so that a late timer is made up for.
      await pause(begun + at + every * (n + 1) - Date.now());
    }
    await Promise.all(open);
    connections.close();
  };
  const again = async (client: string, exchangeOnce: () => Promise<string | undefined>, restMs = 0): Promise<void> => {
    while (running()) {
      const from = Date.now();
      await tally.count(client, exchangeOnce);
      // A client that is refused does not come back at once.
      await pause(Math.max(restMs, 250 - (Date.now() - from)));
    }
  };
  const several = (count: number, client: (target: Target) => Promise<void>, among = targets) =>
    Array.from({ length: count }, async (_, at) => {
      await pause(at * 300);
      const target = among[at % among.length];
      if (target) await client(target);
    });
  const seldom = async (target: Target): Promise<void> => {
    const connections = new Connections(target);
    await again('seldom http', () => connections.exchange('/load'), 20_000);
    connections.close();
  };

  const clients = [
    ...targets.flatMap((target, at) => [steady(target, 'get', at * 5), steady(target, 'post', at * 5 + 2)]),
    ...several(websockets, (to) => again(`websocket ${to.name}`, () => echoes(to, 8, running))),
    ...several(slow, (to) => again(`slow ${to.name}`, () => exchange(to, '/slow?s=8'))),
    ...several(downloads, (to) => again(`download ${to.name}`, () => exchange(to, '/download?s=60'))),
    ...several(
      idle,
      seldom,
      targets.filter(({ glued }) => !glued),
    ),
  ];
  return {
    async stop() {
      const seconds = (Date.now() - begun) / 1000;
      halt.abort();
      await Promise.all(clients);
      const outcomes = Object.values(tally.clients());
      return {
        seconds,
        sent: outcomes.reduce((sum, { sent }) => sum + sent, 0),
        good: outcomes.reduce((sum, { good }) => sum + good, 0),
        clients: tally.clients(),
        errors: tally.errors(),
        gateways: tally.gateways(),
        risen: risen(before, await balancerCounters(lab)),
      };
    },
  };
}
