import { join } from 'node:path';
import type { Clock } from '../../src/core/base/clock.ts';
import type { RunEvent } from '../../src/core/event/event.ts';
import type { Command, HttpReply, HttpRequest } from '../../src/core/host/connection.ts';
import { play } from '../../src/core/play/play.ts';
import type { Fleet } from '../../src/core/play/rolling.ts';
import type { Steps } from '../../src/core/task/task.ts';
import { applyHost } from '../../src/engine/apply/apply-host.ts';
import { UNGATED } from '../../src/engine/apply/disruption-gate.ts';
import { Hosts } from '../../src/engine/plan/hosts.ts';
import { Locals } from '../../src/engine/plan/locals.ts';
import { ReadAhead } from '../../src/engine/plan/read-ahead.ts';
import type { Inventory, LoadBalancerSettings } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { type FleetOptions, fleetOf } from '../../src/traffic/fleet.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { FakeHaproxy, type FakeServer } from '../support/balancers/fake-haproxy.ts';
import { rowsIn, warningsIn } from '../support/base/events.ts';
import { virtualClock } from '../support/cluster/run-fake.ts';

const ADDRESSES: Readonly<Record<string, string>> = {
  'cp-1': '10.0.1.11',
  'cp-2': '10.0.1.12',
  'gw-1': '10.0.2.21',
  'gw-2': '10.0.2.22',
  'gw-3': '10.0.2.23',
};
const ROOT = { owner: 'root', group: 'root' } as const;
const GATEWAYS = ['gw-1', 'gw-2', 'gw-3'];

export interface SceneOptions {
  readonly pools?: (pools: ReadonlyMap<string, LoadBalancerSettings>) => ReadonlyMap<string, LoadBalancerSettings>;
  readonly fleet?: Partial<FleetOptions>;
  /** Further `server` lines of both balancers. */
  readonly more?: readonly FakeServer[];
  /** Extra words on a `server` line. */
  readonly server?: (name: string) => Partial<FakeServer>;
  /** Default: a clock whose sleeps end at once. */
  readonly clock?: Clock;
  /** The replies to HTTP requests to other machines, and to the hosts themselves. */
  readonly http?: (host: string, request: HttpRequest) => HttpReply | null | undefined;
}

export interface Ran<R> {
  readonly value: R | undefined;
  readonly codes: readonly string[];
  readonly messages: readonly string[];
  readonly warnings: readonly string[];
  /** `status title` of every task, in order. */
  readonly rows: readonly string[];
}

/** The cluster of the shipped example, on fake hosts: two HAProxy hosts in front of gateways and control plane. */
export class FleetScene {
  readonly inventory: Inventory;
  readonly fleet: Fleet;
  readonly hosts: readonly FakeHost[];
  readonly lbs: Readonly<Record<string, FakeHaproxy>>;
  /** What `ss` prints of a gateway's connections. */
  readonly connections = new Map<string, string>();
  readonly clock: Clock;
  onSleep: (now: number) => void = () => undefined;

  constructor(inventory: Inventory, options: SceneOptions) {
    this.inventory = inventory;
    this.clock = options.clock ?? virtualClock((now) => this.onSleep(now));
    this.fleet = fleetOf(inventory, { by: 'ops@desk', ...options.fleet });
    const servers = [...serversOf(options.server ?? (() => ({}))), ...(options.more ?? [])];
    this.lbs = Object.fromEntries(
      ['lb-1', 'lb-2'].map((name) => [name, new FakeHaproxy({ clock: this.clock, servers })]),
    );
    this.hosts = [
      ...Object.keys(ADDRESSES).map((name) => this.#node(name, options)),
      ...Object.entries(this.lbs).map(
        ([name, lb]) => new FakeHost({ name, ...lb.host, http: (asked) => options.http?.(name, asked) ?? null }),
      ),
    ];
    for (const name of ['lb-1', 'lb-2'] as const) this.configure(name, 'backend gateways\n  balance roundrobin\n');
  }

  /** The configuration of a balancer, for its timing and its stickiness. */
  configure(name: 'lb-1' | 'lb-2', text: string): void {
    const { files } = this.node(name);
    for (const path of ['/etc', '/etc/haproxy']) files.makeDirectory(path, { ...ROOT, mode: '0755' });
    files.write('/etc/haproxy/haproxy.cfg', Buffer.from(text), { ...ROOT, mode: '0644' });
  }

  node = (name: string): DockerHost => this.hosts.find((host) => host.name === name) as DockerHost;

  lb = (name: 'lb-1' | 'lb-2'): FakeHaproxy => this.lbs[name] as FakeHaproxy;

  /** Runs one of a node's programs with the real engine. */
  async run<R>(node: string, program: () => Steps<R>): Promise<Ran<R>> {
    const events: RunEvent[] = [];
    await using hosts = new Hosts(async (name) => this.node(name));
    const { value, error } = await applyHost({
      play: play({ name: 'step', hosts: node, tasks: program }),
      host: { name: node, address: ADDRESSES[node] ?? '', groups: [], vars: {} },
      hosts,
      locals: new Locals(localFiles()),
      ahead: new ReadAhead([]),
      refusal: Promise.resolve(undefined),
      gate: UNGATED,
      clock: this.clock,
      emit: (event) => events.push(event),
      check: false,
      diff: false,
      signal: new AbortController().signal,
      urgent: new AbortController().signal,
    });
    return {
      // Only the program itself can have returned it.
      value: value as R | undefined,
      codes: error === undefined ? [] : [error.code],
      messages: error === undefined ? [] : [error.message],
      warnings: warningsIn(events),
      rows: rowsIn(events),
    };
  }

  traffic(node: string) {
    const traffic = this.fleet.traffic(node);
    if (traffic === undefined) throw new Error(`${node} is in no pool`);
    return traffic;
  }

  /** The administrative state of a server on each balancer: `up`, or the bits of its orders. */
  async orders(server: string): Promise<readonly string[]> {
    return Object.values(this.lbs).map(({ rows }) => {
      const row = rows.find(({ name }) => name === server);
      return ADMIN[row?.admin ?? -1] ?? 'gone';
    });
  }

  #node(name: string, options: SceneOptions): DockerHost {
    const container = name.startsWith('gw') ? ['api7-gateway'] : ['api7-dashboard', 'api7-dp-manager'];
    const host: DockerHost = new DockerHost({
      name,
      command: (command) => this.#command(name, command),
      http: (asked) => {
        const reported = options.http?.(name, asked);
        return reported === undefined ? { status: 200, body: 'ok' } : reported;
      },
    });
    host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'a:1');
    for (const one of container) {
      void host.engine.create(one, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'always' } } });
      void host.engine.start(one);
    }
    return host;
  }

  #command(name: string, command: Command) {
    if (!('script' in command)) return undefined;
    if (command.script.includes('nsenter')) return { stdout: `ss\n${this.connections.get(name) ?? ''}` };
    // No curl on these hosts.
    return command.script.includes('curl') ? { code: 127 } : undefined;
  }
}

const ADMIN: Readonly<Record<string, string>> = { '0': 'free', '1': 'maint', '8': 'drain' };

const serversOf = (more: (name: string) => Partial<FakeServer>): readonly FakeServer[] => [
  ...GATEWAYS.map((name) => line('gateways', name, 9080, more)),
  ...['cp-1', 'cp-2'].flatMap((name) => [
    line('dashboards', name, 17_080, more),
    line('dp_managers', name, 17_900, more),
  ]),
];

const line = (
  backend: string,
  name: string,
  port: number,
  more: (name: string) => Partial<FakeServer>,
): FakeServer => ({
  backend,
  name: `${backend === 'dp_managers' ? 'dp-' : ''}${name}`,
  address: ADDRESSES[name] ?? '',
  port,
  ...more(name),
});

export async function fleetScene(options: SceneOptions = {}): Promise<FleetScene> {
  const inventory = await loadInventory(join(import.meta.dirname, '../../inventory.example.yaml'), {
    env: { API7_DB_PASSWORD: 'database-password', API7_GATEWAY_TOKEN: 'a-token' },
  });
  const loadBalancers = options.pools?.(inventory.loadBalancers) ?? inventory.loadBalancers;
  return new FleetScene({ ...inventory, loadBalancers }, options);
}

/** A connection at a gateway whose request waits for its response, and an idle keep-alive connection. */
export const WAITING =
  'ESTAB 0 0 172.17.0.2:9080 10.0.0.11:40000\n\t cwnd:10 data_segs_out:1 segs_in:4 data_segs_in:2 lastsnd:9000 lastrcv:8000 lastack:8000\n';
/** A connection of unknown state: the next request may have come in the tick of the last reply. */
export const UNCLEAR =
  'ESTAB 0 0 172.17.0.2:9080 10.0.0.11:40002\n\t cwnd:10 data_segs_out:2 segs_in:6 data_segs_in:2 lastsnd:8000 lastrcv:8000 lastack:8000\n';
export const KEPT =
  'ESTAB 0 0 172.17.0.2:9080 10.0.0.11:40001\n\t cwnd:10 data_segs_out:2 segs_in:6 data_segs_in:2 lastsnd:8000 lastrcv:9000 lastack:7900\n';
