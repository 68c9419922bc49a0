import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OrchError } from '../../../src/core/base/errors.ts';
import type { NumberedEvent } from '../../../src/core/event/event.ts';
import type { Connection } from '../../../src/core/host/connection.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { TextStream } from '../../render/text-stream.ts';
import { FakeHaproxy, type FakeServer } from '../../support/balancers/fake-haproxy.ts';
import { errorsIn, warningsIn } from '../../support/base/events.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { virtualClock } from '../../support/cluster/run-fake.ts';

const ROOT = { owner: 'root', group: 'root' } as const;

export const INVENTORY = `
cluster: prod
hosts:
  cp-1: { address: 10.0.1.11 }
  cp-2: { address: 10.0.1.12 }
  gw-1: { address: 10.0.2.21 }
  gw-2: { address: 10.0.2.22 }
  lb-1: { address: 10.0.0.11 }
  lb-2: { address: 10.0.0.12 }
groups:
  control_plane: { hosts: [cp-1, cp-2] }
  data_plane: { hosts: [gw-1, gw-2] }
  load_balancer: { hosts: [lb-1, lb-2] }
api7:
  version: "3.10.5"
  database: { host: db, user: api7ee, password: some-password }
  gateway: { endpoints: ["http://10.0.0.11:17900"], token: some-token }
load_balancers:
  gateways:
    driver: haproxy
    hosts: load_balancer
    socket: /run/haproxy/admin.sock
    members: data_plane
    port: 9080
    longest_request: 5s
    drain: { within: 10s }
  dashboards: { driver: none, members: control_plane, port: 17080, reason: the cloud does it }
`;

const SERVERS: readonly FakeServer[] = [
  { backend: 'gateways', name: 'gw-1', address: '10.0.2.21', port: 9080, weight: 40 },
  { backend: 'gateways', name: 'gw-2', address: '10.0.2.22', port: 9080, weight: 40 },
];

/** Two balancers and two gateways behind them, all in memory, on a clock that only advances during waits. */
export class LbScene {
  readonly file = join(temporaryDirectory('inventory'), 'prod.yaml');
  readonly clock = virtualClock((now) => this.onTime(now));
  readonly haproxies: Readonly<Record<string, FakeHaproxy>>;
  readonly hosts: Readonly<Record<string, FakeHost>>;
  /** Hosts that refuse connections. */
  readonly dead = new Set<string>();
  /** Hosts that were connected to, in order. */
  readonly connected: string[] = [];
  /** Called as time passes. */
  onTime: (now: number) => void = () => undefined;
  #stdout = new TextStream();

  constructor({
    servers = SERVERS,
    inventory = INVENTORY,
    more = {},
  }: {
    readonly servers?: readonly FakeServer[];
    readonly inventory?: string;
    readonly more?: Readonly<Record<string, FakeHost>>;
  } = {}) {
    writeFileSync(this.file, inventory);
    const made = ['lb-1', 'lb-2'].map((name) => {
      const fake = new FakeHaproxy({ clock: this.clock, servers });
      const host = new FakeHost({ name, ...fake.host });
      host.files.makeDirectory('/etc/haproxy', { ...ROOT, mode: '0755' });
      const config = Buffer.from('backend gateways\n  balance roundrobin\n');
      host.files.write('/etc/haproxy/haproxy.cfg', config, { ...ROOT, mode: '0644' });
      return [name, fake, host] as const;
    });
    this.haproxies = Object.fromEntries(made.map(([name, fake]) => [name, fake]));
    this.hosts = { ...Object.fromEntries(made.map(([name, , host]) => [name, host])), ...more };
  }

  get outside() {
    this.#stdout = new TextStream();
    // A journal is named by its second and its process: here many begin in one.
    process.env.XDG_STATE_HOME = temporaryDirectory('state');
    return {
      clock: this.clock,
      stdout: this.#stdout as unknown as NodeJS.WriteStream,
      connect: async (name: string): Promise<Connection> => {
        this.connected.push(name);
        const host = this.hosts[name];
        if (host === undefined || this.dead.has(name)) throw new OrchError('CONNECT_REFUSED', `${name} refused`);
        return host;
      },
    };
  }

  /** The output of the last command. */
  get printed(): string {
    return this.#stdout.text;
  }

  /** The report of the last command with `-o json`. */
  get events(): readonly NumberedEvent[] {
    return this.printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  get warnings(): readonly string[] {
    return warningsIn(this.events);
  }

  get codes(): readonly string[] {
    return errorsIn(this.events).map(({ code }) => code);
  }

  order(balancer: string, ...commands: readonly string[]): void {
    for (const command of commands) this.haproxies[balancer]?.command(command);
  }

  /** The leases on a balancer's host. */
  leases(balancer: string): readonly string[] {
    return Object.keys(this.hosts[balancer]?.files.tree('/var/lib/api7-orch/leases') ?? {});
  }

  /** `lb-1 gw-1: 0 40` and so on: bits of orders, and weight. */
  settings(balancer: string): Readonly<Record<string, string>> {
    const rows = this.haproxies[balancer]?.rows ?? [];
    return Object.fromEntries(rows.map(({ name, admin, weight }) => [name, `admin ${admin}, weight ${weight}`]));
  }
}
