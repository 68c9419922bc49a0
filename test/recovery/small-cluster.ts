import { readFile, writeFile } from 'node:fs/promises';
import adoptForget from '../../playbooks/adopt-forget.ts';
import controlPlaneRestart from '../../playbooks/control-plane-restart.ts';
import install from '../../playbooks/install.ts';
import rollback from '../../playbooks/rollback.ts';
import rollingRestart from '../../playbooks/rolling-restart.ts';
import start from '../../playbooks/start.ts';
import stop from '../../playbooks/stop.ts';
import { dashboardImage, dpManagerImage, gatewayImage } from '../../src/api7/images.ts';
import { CONTAINERS, PORTS } from '../../src/api7/paths.ts';
import { playsOf } from '../../src/cli/run/plays-of.ts';
import type { CliEnvironment } from '../../src/cli/session.ts';
import { version } from '../../src/cli/version.ts';
import { dateOf } from '../../src/core/base/clock.ts';
import { defined, sha256 } from '../../src/core/base/data.ts';
import { type AnyErrorCode, OrchError } from '../../src/core/base/errors.ts';
import type { NumberedEvent, RolledNode } from '../../src/core/event/event.ts';
import type { Command, Connection, HttpReply, HttpRequest } from '../../src/core/host/connection.ts';
import type { ContainerCreate } from '../../src/core/host/docker.ts';
import { emitter } from '../../src/engine/emit.ts';
import { Hosts } from '../../src/engine/plan/hosts.ts';
import { Locals } from '../../src/engine/plan/locals.ts';
import type { RollFlags } from '../../src/engine/roll/run-context.ts';
import { runPlaybook } from '../../src/engine/run-playbook.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { selectHosts } from '../../src/inventory/select.ts';
import { LEASES } from '../../src/lb/lease.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { RunLocks } from '../../src/lock/run-locks.ts';
import { inventoryDigests } from '../../src/runs/inventory-digests.ts';
import { recordHosts } from '../../src/runs/record-hosts.ts';
import { newRunId } from '../../src/runs/run-id.ts';
import { RunRecorder } from '../../src/runs/run-recorder.ts';
import type { FakeEnd } from '../../src/testing/fake-container.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { fleetOf } from '../../src/traffic/fleet.ts';
import { lockScopeOf } from '../../src/traffic/lock-scope.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { VirtualTime } from '../faults/engine/time.ts';
import { WRITES } from '../faults/engine/wire.ts';
import { TextStream } from '../render/text-stream.ts';
import { FakeHaproxy, type FakeServer } from '../support/balancers/fake-haproxy.ts';
import { errorsIn } from '../support/base/events.ts';
import { inDirectory } from '../support/base/in-directory.ts';

/** Names of the operations of a host, as in `Connection` and `Docker`. */
export type Operation = keyof Connection | keyof Connection['docker'];

/** An operation of one host that fails from its nth time on, until it is repaired. */
export interface Failing {
  readonly host: string;
  readonly operation: Operation;
  readonly nth: number;
  readonly code: AnyErrorCode;
}

/** The reply to the nth change of a kind is lost with its connection. `carriedOut`: the change itself is made. */
export interface Lost {
  readonly operation: string;
  readonly nth: number;
  readonly carriedOut: boolean;
}

/** A connection of a controller. */
interface Link {
  readonly name: string;
  lost: boolean;
}

/** How a run ended. */
export interface Ran {
  readonly exitCode: number | undefined;
  /** Codes of the errors at its end. */
  readonly codes: readonly string[];
  /** Their messages, and the reasons for pauses of the run. */
  readonly messages: readonly string[];
  /** Questions, and outages that needed a confirmation. */
  readonly asked: readonly string[];
  readonly outages: readonly string[];
  /** How the nodes of its last rolling change ended. */
  readonly nodes: Readonly<Record<string, RolledNode>>;
}

const PLAYBOOKS = {
  'adopt-forget': adoptForget,
  install,
  rollback,
  start,
  stop,
  'rolling-restart': rollingRestart,
  'control-plane-restart': controlPlaneRestart,
} as const;
export type PlaybookName = keyof typeof PLAYBOOKS;

const ADDRESSES: Readonly<Record<string, string>> = {
  'lb-1': '10.0.0.11',
  'lb-2': '10.0.0.12',
  'cp-1': '10.0.1.11',
  'cp-2': '10.0.1.12',
  'gw-1': '10.0.2.1',
  'gw-2': '10.0.2.2',
};
const PROMETHEUS = '10.0.3.3';
const CONTROL_PLANE = ['cp-1', 'cp-2'];
const GATEWAYS = ['gw-1', 'gw-2'];
/** What the image of each service has in its name. */
const IMAGES: Readonly<Record<string, string>> = {
  [CONTAINERS.gateway]: 'ee-3-gateway',
  [CONTAINERS.dashboard]: 'integrated',
  [CONTAINERS.dpManager]: 'dp-manager',
};
const VERSIONS = ['3.10.5', '3.10.6'];
const ROOT = { owner: 'root', group: 'root' } as const;
const CHECKS = { everyMs: 500, fall: 2, rise: 2 };

/**
 * The smallest cluster of production, on fake hosts in virtual time: pools of two, and one or two balancers, which are the
 * control-plane endpoints of the gateways. The built-in playbooks run on it unchanged. Services behave as the real ones do:
 * without the right database password the control plane exits, without a control plane a gateway loads no configuration.
 */
export class SmallCluster {
  time = new VirtualTime();
  /** The inventory as the operator wrote it. */
  text: string;
  password = 'right';
  databaseUp = true;
  /** Hosts without SSH. */
  readonly away = new Set<string>();
  /** Codes with which the connections to hosts are refused. */
  readonly refused = new Map<string, AnyErrorCode>();
  failing: Failing | undefined;
  /** Whether the intended failure has happened. */
  struck = false;
  /** Ends the controller at its nth write, before or after it is made. */
  killAt: number | undefined;
  /** Ends the controller at the nth record of its journal. */
  killAfterEvent: number | undefined;
  /** Gateways whose routes do not work although they respond. */
  readonly sick = new Set<string>();
  /** Requests that never end, by gateway. */
  readonly stuck = new Set<string>();
  /** Gateways that the balancers' checks do not reach, though they are healthy. */
  readonly unseen = new Set<string>();
  /** Gateways that cannot open a new connection to DP Manager. */
  readonly cutOff = new Set<string>();
  /** Control-plane hosts whose containers never start. */
  readonly dead = new Set<string>();
  /** Gateways that return errors to clients, though their own status is good. */
  readonly erring = new Set<string>();
  /** Versions with which no gateway becomes ready, and those that return errors to clients. */
  readonly unready = new Set<string>();
  readonly badRoutes = new Set<string>();
  /** Gateways that do not become ready in the container that api7-orch creates, but in any other. */
  readonly unreadyNew = new Set<string>();
  /** Gateways whose requests fail in the container that api7-orch makes. */
  readonly erringNew = new Set<string>();
  /** A connection is lost at a change of the controller, including those of locks. */
  loses: Lost | undefined;
  /** Its point in the last run: `stop on gw-1`. */
  lostAt: string | undefined;
  /** Changes of the last run, by operation. */
  readonly changes = new Map<string, number>();
  readonly hosts: ReadonlyMap<string, FakeHost>;
  readonly balancers: ReadonlyMap<string, FakeHaproxy>;
  readonly #lbs: readonly string[];
  #writes = 0;
  #dead = false;
  /** Gateways that have loaded their configuration since their container started, by its process id. */
  readonly #loaded = new Map<string, number>();
  readonly #streams = new Map<string, { readonly lb: string; readonly server: string; end(): void }>();

  /** @param lbs number of balancers, 1 or 2 */
  constructor(lbs: 1 | 2 = 2) {
    this.#lbs = ['lb-1', 'lb-2'].slice(0, lbs);
    this.text = inventoryOf(this.#lbs);
    const servers = [
      ...GATEWAYS.map((name) => server('gateways', name, PORTS.gateway.http)),
      ...CONTROL_PLANE.flatMap((name) => [
        server('dashboards', name, PORTS.dashboard.http),
        server('dp_managers', name, PORTS.dpManager.http),
      ]),
    ];
    this.balancers = new Map(
      this.#lbs.map((name) => [name, new FakeHaproxy({ clock: { now: () => this.time.now() }, servers, ...CHECKS })]),
    );
    this.hosts = new Map<string, FakeHost>([
      ...this.#lbs.map((name) => [name, this.#balancer(name)] as const),
      ...[...CONTROL_PLANE, ...GATEWAYS].map((name) => [name, this.#node(name)] as const),
    ]);
    this.time.onPass = (ms) => this.#load(ms);
    this.health();
  }

  host = (name: string): FakeHost => this.hosts.get(name) as FakeHost;

  engine = (name: string) => (this.hosts.get(name) as DockerHost).engine;

  lb = (name: string): FakeHaproxy => this.balancers.get(name) as FakeHaproxy;

  /** Changes the inventory. */
  edit(from: string | RegExp, to: string): void {
    const text = this.text.replace(from, to);
    if (text === this.text) throw new Error(`the inventory has no ${from}`);
    this.text = text;
  }

  /** Another version of everything: each node has a change. */
  upgrade(): void {
    const [old = '', other = ''] = this.text.includes(`"${VERSIONS[0]}"`) ? VERSIONS : VERSIONS.toReversed();
    this.edit(`"${old}"`, `"${other}"`);
  }

  /** Repairs all faults on hosts; their effects there stay. */
  repair(): void {
    this.failing = undefined;
    this.killAt = undefined;
    this.killAfterEvent = undefined;
    this.loses = undefined;
    this.#interruptAt = undefined;
    this.onOperation = undefined;
    this.refused.clear();
    for (const broken of [this.away, this.sick, this.stuck, this.unseen, this.cutOff, this.dead, this.erring])
      broken.clear();
    for (const versions of [this.unready, this.badRoutes, this.unreadyNew, this.erringNew]) versions.clear();
    this.password = 'right';
    this.databaseUp = true;
    this.health();
  }

  /** Time for the balancers' checks. */
  settle = (ms = 10_000): Promise<void> => this.time.until(this.time.sleep(ms), () => undefined);

  async inventory(): Promise<Inventory> {
    return await inDirectory(async (path) => {
      await writeFile(path('prod.yaml'), this.text);
      return await loadInventory(path('prod.yaml'), { env: { DB_PASSWORD: 'right', WRONG_PASSWORD: 'wrong' } });
    });
  }

  /** One run of a built-in playbook, without a terminal; its exit code is missing where its controller was killed. */
  async run(
    name: PlaybookName = 'install',
    vars: Readonly<Record<string, unknown>> = {},
    flags: Partial<RollFlags> = {},
    within?: readonly string[],
  ): Promise<Ran> {
    const inventory = await this.inventory();
    const playbook = PLAYBOOKS[name];
    const { time } = this;
    const events: NumberedEvent[] = [];
    const asked: string[] = [];
    const outages: string[] = [];
    const death = this.#controller();
    const interrupt = new AbortController();
    this.#interrupt = () => interrupt.abort(new OrchError('INTERRUPTED', 'interrupted'));
    const urgent = new AbortController();
    const run = newRunId(dateOf(time));
    const scope = lockScopeOf(inventory);
    const ready = playsOf(playbook as never, inventory, {
      ...(name === 'adopt-forget' ? {} : { soak: '1s' }),
      ...vars,
    });
    const locks = new RunLocks({
      owner: { token: run, run, by: 'ops@desk', verb: `run ${name}` },
      clock: time,
      waitMs: 0,
      hasEnded: () => false,
      scope,
      onStop: ({ by }) => interrupt.abort(new OrchError('INTERRUPTED', `stopped at the request of ${by}`)),
      onFenced(error) {
        interrupt.abort(error);
        urgent.abort(error);
      },
      say: () => undefined,
    });
    const recorder = new RunRecorder({
      start: {
        run,
        cluster: inventory.cluster,
        request: {
          playbook: name,
          byPath: false,
          ...defined({ limit: within?.join(',') }),
          ...ready.recorded,
          accepted: [],
        },
        program: {
          version: version(),
          playbook: sha256(await readFile(new URL(`../../playbooks/${name}.ts`, import.meta.url))),
        },
        inventory: inventoryDigests(inventory),
        images: [],
      },
      by: 'ops@desk',
      clock: time,
      hostsFor: (names) => recordHosts(scope(names)),
      say: () => undefined,
    });
    const hosts = new Hosts(locks.connecting(this.#connect), { clock: time, signal: urgent.signal });
    const running = runPlaybook(
      {
        hosts,
        locals: new Locals(localFiles()),
        clock: time,
        emit: emitter(time, [
          (event) => {
            events.push(event);
            if (events.length === this.killAfterEvent) this.#kill();
          },
          (event) => recorder.follow(event),
        ]),
        check: false,
        diff: false,
        forks: 20,
        signal: interrupt.signal,
        urgent: urgent.signal,
        locks: recorder.over(locks),
        fleet: fleetOf(inventory, { by: 'ops@desk', run }),
        rollFlags: { includeHeld: false, skipUnreachable: false, ...flags },
        ask: async (question) => {
          asked.push(question);
          return false;
        },
        outage: async (what) => {
          outages.push(what);
          return false;
        },
        onNetwork: (listener) => hosts.onNetwork(listener),
      },
      {
        title: name,
        cluster: inventory.cluster,
        plays: ready.plays,
        select: (pattern) => selectHosts(inventory, pattern).filter(({ name }) => within?.includes(name) ?? true),
      },
    )
      .then(async (report) => {
        await recorder.close();
        return report;
      })
      .finally(() => locks.release());
    const over = Promise.race([running, death]);
    await time.until(over, () => undefined);
    time.forget();
    const ends = errorsIn(events);
    const holds = events.flatMap((event) => (event.type === 'roll.hold' ? [event.why] : []));
    const report = await over;
    return {
      exitCode: report?.exitCode,
      codes: [...ends.map(({ code }) => code), ...(report?.exitCode === 6 ? (['INTERRUPTED'] as const) : [])],
      messages: [...ends.map(({ code, message }) => `${code}: ${message}`), ...holds],
      asked,
      outages,
      nodes: Object.assign({}, ...events.flatMap((event) => (event.type === 'roll.end' ? [event.nodes] : []))),
    };
  }

  /**
   * Runs a command of the command line with connections and the time of this cluster; undefined where its controller was killed.
   */
  async verb<T>(
    carryOut: (file: string, environment: Pick<CliEnvironment, 'connect' | 'clock'>) => Promise<T>,
  ): Promise<T | undefined> {
    const death = this.#controller();
    return await inDirectory(async (path) => {
      await writeFile(path('small.yaml'), this.text);
      const over = Promise.race([carryOut(path('small.yaml'), { connect: this.#connect, clock: this.time }), death]);
      await this.time.until(over, () => undefined);
      this.time.forget();
      return await over;
    });
  }

  /** One command of the command line; its exit code is missing where its controller was killed. */
  async command(
    verb: (environment: CliEnvironment) => Promise<number>,
  ): Promise<{ readonly exitCode: number | undefined; readonly printed: string; readonly errors: string }> {
    const [stdout, stderr] = [new TextStream(), new TextStream()];
    const death = this.#controller();
    const streams = { stdout, stderr } as unknown as Pick<CliEnvironment, 'stdout' | 'stderr'>;
    const over = Promise.race([verb({ connect: this.#connect, clock: this.time, ...streams }), death]);
    await this.time.until(over, () => undefined);
    this.time.forget();
    return { exitCode: await over, printed: stdout.text, errors: stderr.text };
  }

  /** Another controller begins. @returns a promise that settles when it is killed */
  #controller(): Promise<undefined> {
    const death = Promise.withResolvers<undefined>();
    const listeners = SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))] as const);
    this.#writes = 0;
    this.changes.clear();
    this.lostAt = undefined;
    this.#dead = false;
    this.#kill = () => {
      this.#dead = true;
      // An ended process has none.
      for (const [signal, others] of listeners)
        for (const each of process.listeners(signal)) if (!others.has(each)) process.off(signal, each);
      death.resolve(undefined);
    };
    return death.promise;
  }

  /** Version of the inventory. */
  get version(): string {
    return VERSIONS.find((each) => this.text.includes(`"${each}"`)) ?? '';
  }

  /** Version that a gateway runs. */
  runs(name: string): string {
    const { engine } = this.hosts.get(name) as DockerHost;
    const body = this.serving(name, CONTAINERS.gateway)?.body ?? engine.bodyOf(CONTAINERS.gateway);
    return body?.Image.split(':').at(-1) ?? '';
  }

  /** The running container of a service, whatever its name: of its image, and not made to check a configuration. */
  serving(name: string, container: string) {
    return this.engine(name).all.find(
      ({ pid, body }) => pid > 0 && body.Entrypoint === undefined && body.Image.includes(IMAGES[container] ?? ''),
    );
  }

  /** Whether every balancer sends a gateway requests. */
  serves(name: string): boolean {
    return this.#lbs.every((lb) => {
      const row = this.lb(lb).rows.find((one) => one.backend === 'gateways' && one.name === name);
      return row?.operational === 2 && row.admin === 0;
    });
  }

  /** Differences from the state after a successful run: none. */
  leftovers(): readonly string[] {
    const leases = this.#lbs.flatMap((lb) =>
      [...this.host(lb).files.keys()].filter((path) => path.startsWith(`${LEASES}/`) && path.endsWith('.json')),
    );
    const out = this.#lbs.flatMap((lb) =>
      this.lb(lb)
        .rows.filter(({ operational, admin }) => operational !== 2 || admin !== 0)
        .map(({ backend, name, operational, admin }) => `${lb} ${backend}/${name}: up ${operational}, admin ${admin}`),
    );
    const { version } = this;
    const old = [...this.hosts].flatMap(([name, host]) =>
      host instanceof DockerHost
        ? containersOf(name).flatMap((container) => this.#stale(name, container, version))
        : [],
    );
    const locked = [...this.hosts].flatMap(([name, { locks }]) => (locks.record === null ? [] : [`${name} is locked`]));
    return [...leases, ...out, ...old, ...locked];
  }

  #stale(name: string, container: string, version: string): readonly string[] {
    const found = this.engine(name).bodyOf(container);
    if (found === undefined) return [`${name}: no ${container}`];
    if (this.engine(name).pidOf(container) === 0) return [`${name}: ${container} does not run`];
    return found.Image.endsWith(version) ? [] : [`${name}: ${container} runs ${found.Image}`];
  }

  /** Shows the balancers which servers are up, and lets gateways connect where they can. */
  health(): void {
    for (const name of GATEWAYS) {
      const pid = this.serving(name, CONTAINERS.gateway)?.pid ?? 0;
      if (pid > 0 && this.#loaded.get(name) !== pid && this.#endpointsOf(name).some((url) => this.#front(url)))
        this.#loaded.set(name, pid);
      this.#stream(name);
    }
    for (const name of [...CONTROL_PLANE, ...GATEWAYS])
      for (const lb of this.balancers.values()) {
        lb.lives(ADDRESSES[name] ?? '', this.#responds(name) && !this.unseen.has(name));
        lb.errs(ADDRESSES[name] ?? '', this.#errs(name));
      }
  }

  #errs(name: string): boolean {
    if (this.erringNew.has(name) && this.engine(name).pidOf(CONTAINERS.gateway) > 0) return true;
    return this.erring.has(name) || this.badRoutes.has(this.runs(name));
  }

  /** Clients: some requests a second by each balancer. */
  #load(ms: number): void {
    const count = Math.min(400, Math.floor(ms / 25));
    for (const lb of this.balancers.values()) for (let i = 0; i < count; i++) lb.request('gateways')?.end();
  }

  #responds(name: string): boolean {
    if (CONTROL_PLANE.includes(name))
      return [CONTAINERS.dashboard, CONTAINERS.dpManager].every((each) => this.#runs(name, each));
    const { pid = 0, name: container = '' } = this.serving(name, CONTAINERS.gateway) ?? {};
    if (container === CONTAINERS.gateway && this.unreadyNew.has(name)) return false;
    return pid > 0 && this.#loaded.get(name) === pid && !this.sick.has(name) && !this.unready.has(this.runs(name));
  }

  #runs = (name: string, container: string): boolean => this.serving(name, container) !== undefined;

  /** Whether a DP Manager responds behind an endpoint. */
  #front(url: string): boolean {
    const { hostname, port } = new URL(url);
    const lb = this.#lbs.find((name) => ADDRESSES[name] === hostname);
    if (lb === undefined || port !== String(PORTS.dpManager.http)) return false;
    const request = this.lb(lb).request('dp_managers');
    request?.end();
    return request !== null;
  }

  /** Each gateway has one connection to DP Manager, by any of its endpoints, and makes another one after a loss. */
  #stream(name: string): void {
    const held = this.#streams.get(name);
    const pid = this.serving(name, CONTAINERS.gateway)?.pid ?? 0;
    const gone = held === undefined || pid === 0 || !this.#runs(held.server, CONTAINERS.dpManager);
    if (!gone) return;
    held?.end();
    this.#streams.delete(name);
    if (pid === 0 || this.cutOff.has(name)) return;
    // The next endpoint, as a client with several endpoints does it.
    const urls = this.#endpointsOf(name);
    const at = GATEWAYS.indexOf(name) + (held === undefined ? 0 : 1);
    for (const [i] of urls.entries()) {
      const lb = this.#lbs.find((each) => ADDRESSES[each] === new URL(urls[(at + i) % urls.length] ?? '').hostname);
      const request = lb === undefined ? null : this.lb(lb).request('dp_managers');
      if (lb === undefined || request === null) continue;
      this.#streams.set(name, { lb, ...request });
      return;
    }
  }

  #endpointsOf(name: string): readonly string[] {
    const entry = (
      this.serving(name, CONTAINERS.gateway)?.body ?? this.engine(name).bodyOf(CONTAINERS.gateway)
    )?.Env?.find((each) => each.startsWith('API7_CONTROL_PLANE_ENDPOINTS='));
    const urls: readonly string[] = JSON.parse(entry?.slice(entry.indexOf('=') + 1) ?? '[]');
    return urls.filter((url) => URL.canParse(url));
  }

  #http(from: string, { address, port, path }: HttpRequest): HttpReply | null {
    if (address === PROMETHEUS) return OK;
    const asked =
      address === undefined || address === '127.0.0.1'
        ? from
        : Object.keys(ADDRESSES).find((name) => ADDRESSES[name] === address);
    if (asked === undefined || this.away.has(asked)) return null;
    if (this.#lbs.includes(asked)) return this.#front(`http://${ADDRESSES[asked]}:${port}`) ? OK : null;
    if (CONTROL_PLANE.includes(asked)) {
      const container = port === PORTS.dashboard.http ? CONTAINERS.dashboard : CONTAINERS.dpManager;
      return this.#runs(asked, container) ? OK : null;
    }
    if (!this.#runs(asked, CONTAINERS.gateway)) return null;
    const well = this.#responds(asked);
    return { status: well ? 200 : path === '/status/ready' || port === PORTS.gateway.http ? 503 : 500, body: '' };
  }

  #node(name: string): DockerHost {
    const host: DockerHost = new DockerHost({
      name,
      http: (asked) => this.#http(name, asked),
      now: () => this.time.now(),
      command: (command) => this.#command(name, command),
    });
    const { engine } = host;
    for (const version of VERSIONS) for (const ref of refsOf(version)) engine.pullable.set(ref, idsOf(ref));
    engine.program = (body, files) => this.#program(name, body, files);
    return host;
  }

  /** The behavior of a container's process at its start. */
  #program(
    name: string,
    { Entrypoint, Image }: ContainerCreate,
    files: ReadonlyMap<string, string>,
  ): FakeEnd | undefined {
    const config = [...files.values()].join('\n');
    if (Entrypoint !== undefined)
      return config.includes('refused')
        ? { exitCode: 1, log: 'property "refused" is unknown' }
        : { exitCode: 0, log: '' };
    if (!Image.includes('integrated') && !Image.includes('dp-manager')) return undefined;
    if (this.dead.has(name)) return { exitCode: 1, log: 'exec format error' };
    if (!this.databaseUp) return { exitCode: 1, log: 'dial tcp 10.0.3.1:5432: connect: connection refused' };
    if (config.includes(`:${this.password}@`)) return undefined;
    return { exitCode: 1, log: 'FATAL: password authentication failed for user "api7ee"' };
  }

  #command(name: string, command: Command) {
    if (!('script' in command)) return undefined;
    if (!command.script.includes('nsenter')) return { code: 127 };
    // A container in back-off has no process.
    if (command.script.includes('nsenter -t 0 ')) return { code: 95 };
    return { stdout: `ss\n${this.stuck.has(name) ? BUSY : ''}` };
  }

  #balancer(name: string): FakeHost {
    const lb = this.lb(name);
    const host = new FakeHost({
      name,
      ...lb.host,
      http: (asked) => this.#http(name, asked),
      now: () => this.time.now(),
      command: () => ({ code: 127 }),
    });
    for (const path of ['/etc', '/etc/haproxy']) host.files.makeDirectory(path, { ...ROOT, mode: '0755' });
    const lines = ['backend gateways', '  default-server inter 500 fall 2 rise 2', ''];
    host.files.write('/etc/haproxy/haproxy.cfg', Buffer.from(lines.join('\n')), { ...ROOT, mode: '0644' });
    return host;
  }

  #kill: () => void = () => undefined;
  #interrupt: () => void = () => undefined;

  #connect = async (name: string): Promise<Connection> => {
    await this.#turn();
    const code = this.refused.get(name);
    if (code !== undefined) {
      this.struck = true;
      throw new OrchError(code, `${name} refuses`, { host: name });
    }
    if (this.away.has(name)) throw new OrchError('CONNECT_TIMED_OUT', `${name} does not respond`, { retryable: true });
    return this.#through({ name, lost: false }, this.host(name));
  };

  #through<T extends object>(link: Link, target: T, prefix = ''): T {
    return new Proxy(target, {
      get: (_, key) => {
        const value: unknown = Reflect.get(target, key);
        if (key === 'docker') return this.#through(link, value as object);
        if (key === 'lock') return this.#through(link, value as object, 'lock.');
        if (key === 'under')
          return (token: string) => this.#through(link, Reflect.apply(value as Under, target, [token]));
        if (typeof value !== 'function' || key === 'close') return value;
        return (...words: unknown[]) =>
          this.#carryOut(link, `${prefix}${String(key)}`, () =>
            (value as (...all: unknown[]) => unknown).apply(target, words),
          );
      },
    });
  }

  /** Called before each operation of a host. */
  onOperation: ((host: string, operation: string) => void) | undefined;

  async #carryOut(link: Link, operation: string, act: () => unknown): Promise<unknown> {
    const { name } = link;
    await this.#turn();
    this.onOperation?.(name, operation);
    this.#strike(name, operation);
    const isWrite = WRITES.has(operation);
    if (isWrite && this.#interruptAt === this.#writes) this.#interrupt();
    // Two that begin at once count one after another: a moment may be skipped.
    if (isWrite && this.#isKilledAt(2 * this.#writes)) this.#kill();
    await this.#turn();
    const loses = (isWrite || LOCK_CHANGES.has(operation)) && this.#isLostAt(operation);
    if (loses) this.lostAt = `${operation} on ${name}`;
    if (loses && this.loses?.carriedOut === false) link.lost = true;
    if (this.away.has(name) || link.lost) throw lost(name);
    const done = await act();
    this.health();
    await this.#turn();
    if (isWrite && this.#isKilledAt(2 * this.#writes++ + 1)) this.#kill();
    await this.#turn();
    if (loses) link.lost = true;
    if (this.away.has(name) || link.lost) throw lost(name);
    return done;
  }

  #isLostAt(operation: string): boolean {
    const nth = this.changes.get(operation) ?? 0;
    this.changes.set(operation, nth + 1);
    return operation === this.loses?.operation && nth === this.loses.nth;
  }

  #isKilledAt = (halfWrite: number): boolean => this.killAt !== undefined && halfWrite >= this.killAt;

  /** The number of writes of the last run. */
  get writes(): number {
    return this.#writes;
  }

  #seen = 0;

  #strike(name: string, operation: string): void {
    const { failing } = this;
    if (failing === undefined || failing.host !== name || failing.operation !== operation) return;
    if (this.#seen++ < failing.nth) return;
    this.struck = true;
    throw new OrchError(failing.code, `${operation} on ${name} fails`, { host: name });
  }

  /** From now on this fails. */
  fail(failing: Failing): void {
    this.failing = failing;
    this.struck = false;
    this.#seen = 0;
  }

  /** A signal comes after so many writes. */
  interruptAfter(writes: number): void {
    this.#interruptAt = writes;
  }

  #interruptAt: number | undefined;

  async #turn(): Promise<void> {
    if (this.#dead) await new Promise(() => undefined);
    this.time.moved();
  }
}

/** Operations that change a lock. */
const LOCK_CHANGES: ReadonlySet<string> = new Set(
  ['take', 'swap', 'beat', 'settle', 'release'].map((name) => `lock.${name}`),
);

type Under = Connection['under'];

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const OK: HttpReply = { status: 200, body: 'ok' };

const BUSY =
  'ESTAB 0 0 172.17.0.2:9080 10.0.0.11:40000\n\t cwnd:10 data_segs_out:1 segs_in:4 data_segs_in:2 lastsnd:900 lastrcv:800 lastack:800\n';

const lost = (host: string): OrchError =>
  new OrchError('CONNECTION_LOST', 'the SSH connection is closed', { host, retryable: true });

const server = (backend: string, name: string, port: number): FakeServer => ({
  backend,
  name,
  address: ADDRESSES[name] ?? '',
  port,
});

const containersOf = (name: string): readonly string[] =>
  CONTROL_PLANE.includes(name) ? [CONTAINERS.dashboard, CONTAINERS.dpManager] : [CONTAINERS.gateway];

function refsOf(version: string): readonly string[] {
  const api7 = { version, registry: 'registry.internal/team', images: {} };
  return [dashboardImage(api7), dpManagerImage(api7), gatewayImage(api7)];
}

const idsOf = (ref: string) => ({ classic: `sha256:${ref}`, containerd: `sha256:c${ref}` });

const inventoryOf = (lbs: readonly string[]): string => `cluster: small
hosts:
${[...lbs, ...CONTROL_PLANE, ...GATEWAYS].map((name) => `  ${name}: { address: ${ADDRESSES[name]} }\n`).join('')}groups:
  control_plane: { hosts: [cp-1, cp-2] }
  data_plane: { hosts: [gw-1, gw-2] }
  load_balancer: { hosts: [${lbs.join(', ')}] }
api7:
  version: "3.10.5"
  registry: registry.internal/team
  database: { host: 10.0.3.1, name: api7ee, user: api7ee, password: !env DB_PASSWORD }
  gateway: { endpoints: [${lbs.map((name) => `"http://${ADDRESSES[name]}:17900"`).join(', ')}], token: a-token-of-eleven }
load_balancers:
  gateways: { driver: haproxy, hosts: load_balancer, socket: /run/h.sock, members: data_plane, port: 9080, longest_request: 5s, drain: { within: 20s } }
  dashboards: { driver: haproxy, hosts: load_balancer, socket: /run/h.sock, members: control_plane, port: 17080, longest_request: 5s }
  dp_managers: { driver: haproxy, hosts: load_balancer, socket: /run/h.sock, members: control_plane, port: 17900, longest_request: 5s }
`;
