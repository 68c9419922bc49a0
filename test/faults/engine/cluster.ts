import { PORTS } from '../../../src/api7/paths.ts';
import type { Command, HttpReply, HttpRequest } from '../../../src/core/host/connection.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import type { FakeHost } from '../../../src/testing/fake-host.ts';
import { DockerHost } from '../../docker/docker-host.ts';
import { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';
import { type Admin, type Member, TARGET, type World } from '../world.ts';
import { balancerHost, CHECKS, leaseOf, rowOf } from './balancer-host.ts';
import { BODIES, GATEWAY, idsOf, imageOf, inventoryOf, versionOf } from './program.ts';
import { VirtualTime } from './time.ts';

/** A connection on which a request waits for its response, as `ss` prints it. */
const BUSY =
  'ESTAB 0 0 172.17.0.2:9080 10.0.0.11:40000\n\t cwnd:10 data_segs_out:1 segs_in:4 data_segs_in:2 lastsnd:900 lastrcv:800 lastack:800\n';

/** The hosts of a world: gateways with an engine each, two HAProxy before them like real ones, on one clock. */
export class Cluster {
  readonly time = new VirtualTime();
  readonly ids: readonly string[];
  readonly inventory: Inventory;
  readonly hosts: ReadonlyMap<string, FakeHost>;
  readonly balancers: ReadonlyMap<string, FakeHaproxy>;
  /** Gateways on which the target never becomes ready. */
  readonly sick: Set<string>;
  /** The routes of the target return 502, though its own status is good. */
  badRoutes = false;
  /** Version that was last started. */
  readonly #runs = new Map<string, number>();
  /** Unreachable hosts. */
  readonly down = new Set<string>();
  /** The controller's own network is down. */
  cut = false;
  /** Requests that a gateway works on, over all balancers. */
  busy: (id: string) => number = () => 0;
  onOrder: (balancer: string, command: string) => void = () => undefined;

  /** `weight`: of each server in the balancers' configuration. */
  constructor(world: World, { weight = 1 }: { readonly weight?: number } = {}) {
    this.ids = Object.keys(world.nodes);
    const balanced = Object.values(world.balancers).some((all) => Object.keys(all).length > 0);
    this.inventory = inventoryOf(this.ids, balanced);
    this.sick = new Set(this.ids.filter((id) => world.nodes[id]?.sick));
    for (const id of this.ids) if (world.nodes[id]?.reachable === false) this.down.add(id);
    const servers = this.ids.map((name) => ({
      backend: 'gateways',
      name,
      address: this.address(name),
      port: PORTS.gateway.http,
      weight,
    }));
    const names = ['lb-1', 'lb-2'];
    this.balancers = new Map(names.map((name) => [name, new FakeHaproxy({ clock: this.time, servers, ...CHECKS })]));
    this.hosts = new Map<string, FakeHost>([
      ...names.map((name) => [name, this.#balancer(name, world.balancers[name] ?? {})] as const),
      ...this.ids.map((id) => [id, this.#node(id, world.nodes[id]?.version ?? 1)] as const),
    ]);
    for (const id of this.ids) if (world.nodes[id]?.running === false) this.engine(id).crash(GATEWAY, 1);
    this.health();
  }

  engine = (id: string) => (this.hosts.get(id) as DockerHost).engine;

  address = (id: string): string => this.inventory?.hosts.get(id)?.address ?? '';

  /** Its routes return an error. */
  isBad = (id: string): boolean => this.badRoutes && this.#runs.get(id) === TARGET;

  isHealthy = (id: string): boolean => !this.down.has(id) && this.#answers(id);

  /** Shows the balancers' health checks which gateways are up. */
  health(): void {
    for (const id of this.ids) for (const lb of this.balancers.values()) lb.lives(this.address(id), this.isHealthy(id));
  }

  crash(id: string): void {
    if (this.engine(id).pidOf(GATEWAY) > 0) this.engine(id).crash(GATEWAY, 139);
    this.health();
  }

  /** A broken gateway recovers by itself, if it does not run the target yet. */
  recover(id: string): void {
    if (this.#runs.get(id) !== TARGET) void this.engine(id).start(GATEWAY);
    this.health();
  }

  /** The operator has repaired hosts and the target; dead gateways stay dead. */
  heal(): void {
    this.down.clear();
    this.sick.clear();
    this.cut = false;
    this.health();
  }

  /** Whether a balancer would send a gateway new requests. */
  isUsed(lb: string, id: string): boolean {
    const row = this.row(lb, id);
    return row.admin === 'ready' && row.up;
  }

  row = (lb: string, id: string) => rowOf(this.balancers.get(lb), id);

  lease = (lb: string, id: string): Admin | undefined => leaseOf(this.hosts.get(lb), id);

  #answers(id: string): boolean {
    if (this.engine(id).pidOf(GATEWAY) === 0) return false;
    return !(this.sick.has(id) && this.#runs.get(id) === TARGET);
  }

  #node(id: string, version: number): DockerHost {
    const host: DockerHost = new DockerHost({
      name: id,
      http: (asked) => this.#http(id, asked),
      command: (command) => this.#command(id, command),
    });
    const { engine } = host;
    engine.program = ({ Image }) => void this.#runs.set(id, versionOf(Image));
    for (const each of [1, TARGET]) engine.loadArchive(idsOf(each), imageOf(each));
    const body = BODIES[version];
    if (body === undefined) throw new Error(`there is no version ${version}`);
    void engine.create(GATEWAY, body);
    void engine.start(GATEWAY);
    return host;
  }

  /** HTTP requests from a gateway's host: to itself, to a peer, or to the control plane, which is always up. */
  #http(from: string, { address, port }: HttpRequest): HttpReply | null {
    if (port !== PORTS.gateway.status && port !== PORTS.gateway.http) return { status: 200, body: '' };
    const asked =
      address === undefined || address === '127.0.0.1' ? from : this.ids.find((id) => this.address(id) === address);
    if (asked === undefined || this.down.has(asked) || this.engine(asked).pidOf(GATEWAY) === 0) return null;
    if (port === PORTS.gateway.http && this.isBad(asked)) return { status: 502, body: '' };
    return { status: this.#answers(asked) ? 200 : 503, body: '' };
  }

  #command(id: string, command: Command) {
    if (!('script' in command)) return undefined;
    return command.script.includes('nsenter') ? { stdout: `ss\n${BUSY.repeat(this.busy(id))}` } : { code: 127 };
  }

  #balancer(name: string, members: Readonly<Record<string, Member>>): FakeHost {
    const lb = this.balancers.get(name) as FakeHaproxy;
    const servers = this.ids.map((id) => `  server ${id} ${this.address(id)}:${PORTS.gateway.http} check`);
    const onOrder = (command: string): void => this.onOrder(name, command);
    return balancerHost({ name, lb, members, servers, onOrder });
  }
}
