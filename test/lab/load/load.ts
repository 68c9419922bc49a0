import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { hostsOf, labHost } from '../plan/lab-file.ts';
import { type BalancerPort, portOfBalancer } from '../plan/topology.ts';
import { balancerCounters, type Counted, risen } from './balancer-counters.ts';
import { Connections, echoes, exchange, type Target } from './load-clients.ts';
import { LoadTally, type Outcome } from './load-tally.ts';
import { type StreamTarget, streamEchoes } from './stream-client.ts';

/** A frontend of every balancer that HTTP clients use. */
interface Frontend {
  /** The name in the report. */
  readonly name: string;
  readonly port: BalancerPort;
  /** Each connection stays with one gateway. */
  readonly glued: boolean;
}

/** How many clients of each kind; all are spread over the balancers and their frontends. */
export interface LoadOptions {
  /** GET and POST requests per second on kept connections. Default 200. */
  readonly rate?: number;
  /** Websockets, each held for 5 s. Default 8. */
  readonly websockets?: number;
  /** Responses that take 5 s. Default 8. */
  readonly slow?: number;
  /** Downloads that take 60 s. Default 0. */
  readonly downloads?: number;
  /** Connections to HTTP frontends that are used once in 20 s. Default 4. */
  readonly idle?: number;
  /** The frontends of all these clients. Default the HTTP and the TCP frontend of the gateways. */
  readonly frontends?: readonly Frontend[];
  /** Clients of the TCP stream, each of which keeps its connection for 5 s. Default 0. */
  readonly streams?: number;
}

export interface LoadReport {
  readonly seconds: number;
  readonly sent: number;
  readonly good: number;
  /** By `get http`, `websocket tcp` … */
  readonly clients: Readonly<Record<string, Outcome>>;
  /** By client and kind of error, `post tcp at lb-1: ECONNRESET`: how many, and when they began. */
  readonly errors: Readonly<Record<string, string>>;
  /** Good responses by gateway. */
  readonly gateways: Readonly<Record<string, number>>;
  /** The longest delay of a timer of this process, in seconds: it shows a machine that was stopped. */
  readonly late: number;
  /** The balancers' counters that rose, by `lb-1 gateways/gw-1 econ`. */
  readonly risen: Counted;
}

const defaults = { rate: 200, websockets: 8, slow: 8, downloads: 0, idle: 4, streams: 0 };
const gatewayFrontends: readonly Frontend[] = [
  { name: 'http', port: 'gateways', glued: false },
  { name: 'tcp', port: 'gateways_tcp', glued: true },
];
/** How long a stream is kept: shorter than what a rolling change waits for connections to end. */
const stream = { lines: 20, everyMs: 250 };

/**
 * A load through all balancers that runs until it is stopped. It is open: requests are sent at their times, however long others
 * take. After the stop, all running requests end by themselves, so it cuts nothing.
 * @example const load = await startLoad(lab); … const { errors, risen } = await load.stop();
 */
export async function startLoad(lab: Lab, options: LoadOptions = {}): Promise<{ stop(): Promise<LoadReport> }> {
  const {
    rate,
    websockets,
    slow,
    downloads,
    idle,
    streams,
    frontends = gatewayFrontends,
  } = { ...defaults, ...options };
  const balancers = hostsOf(lab.file, 'load_balancer');
  const targets = balancers.flatMap((balancer) =>
    frontends.map(({ name, port, glued }): Target => ({ balancer, name, url: lab.direct(port, balancer), glued })),
  );
  const streamTargets = balancers.map(
    (balancer): StreamTarget => ({
      balancer,
      name: 'stream',
      host: labHost(lab.file, balancer).address,
      port: portOfBalancer.edge_tcp,
    }),
  );
  const before = await balancerCounters(lab);
  const begun = performance.now();
  const tally = new LoadTally();
  const halt = new AbortController();
  const running = () => !halt.signal.aborted;
  const pause = (ms: number) => sleep(Math.max(0, ms), undefined, { signal: halt.signal }).catch(() => {});

  let late = 0;
  const measureTimers = async (): Promise<void> => {
    for (let due = performance.now() + 250; running(); due = performance.now() + 250) {
      await pause(250);
      late = Math.max(late, (performance.now() - due) / 1000);
    }
  };

  const steady = async (target: Target, method: 'get' | 'post', at: number): Promise<void> => {
    const every = (1000 * targets.length * 2) / rate;
    const connections = new Connections(target);
    const open = new Set<Promise<void>>();
    let due = begun + at;
    for (let n = 0; running(); n++) {
      const body = method === 'post' ? `order ${n} ${'x'.repeat(200)}` : undefined;
      const sent = tally.count(`${method} ${target.name}`, target.balancer, () =>
        connections.exchange(`/load?n=${n}`, body),
      );
      open.add(sent);
      void sent.then(() => open.delete(sent));
      // By the clock, so that a late timer is made up for, but a stopped machine causes no flood.
      due = Math.max(due + every, performance.now() - 3000);
      await pause(due - performance.now());
    }
    await Promise.all(open);
    connections.close();
  };
  const again = async (
    client: string,
    { balancer, name }: Pick<Target, 'balancer' | 'name'>,
    exchangeOnce: () => Promise<string | undefined>,
    restMs = 0,
  ): Promise<void> => {
    while (running()) {
      const from = performance.now();
      await tally.count(`${client} ${name}`, balancer, exchangeOnce);
      // A refused client does not return at once.
      await pause(Math.max(restMs, 250 - (performance.now() - from)));
    }
  };
  const several = <Kind>(count: number, client: (target: Kind) => Promise<void>, among: readonly Kind[]) =>
    Array.from({ length: count }, async (_, at) => {
      await pause(at * 300);
      const target = among[at % among.length];
      if (target) await client(target);
    });
  const seldom = async (target: Target): Promise<void> => {
    const connections = new Connections(target);
    await again('seldom', target, () => connections.exchange('/load'), 20_000);
    connections.close();
  };

  const clients = [
    measureTimers(),
    ...targets.flatMap((target, at) => [steady(target, 'get', at * 5), steady(target, 'post', at * 5 + 2)]),
    ...several(websockets, (to) => again('websocket', to, () => echoes(to, 5, running)), targets),
    ...several(slow, (to) => again('slow', to, () => exchange(to, '/slow?s=5')), targets),
    ...several(downloads, (to) => again('download', to, () => exchange(to, '/download?s=60')), targets),
    ...several(
      idle,
      seldom,
      targets.filter(({ glued }) => !glued),
    ),
    ...several(streams, (to) => again('kept', to, () => streamEchoes(to, stream, running)), streamTargets),
  ];
  return {
    async stop() {
      const seconds = (performance.now() - begun) / 1000;
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
        late,
        risen: risen(before, await balancerCounters(lab)),
      };
    },
  };
}
