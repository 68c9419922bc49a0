import type { NumberedEvent } from '../../src/core/event/event.ts';
import { type Plays, play } from '../../src/core/play/play.ts';
import type { RollingOptions } from '../../src/core/play/rolling.ts';
import { emitter } from '../../src/engine/emit.ts';
import { Hosts } from '../../src/engine/plan/hosts.ts';
import { Locals } from '../../src/engine/plan/locals.ts';
import { runPlaybook } from '../../src/engine/run-playbook.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { leasePath } from '../../src/lb/lease.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { fleetOf } from '../../src/traffic/fleet.ts';
import { Cluster } from '../faults/engine/cluster.ts';
import { upgrade } from '../faults/engine/program.ts';
import type { Blows } from '../faults/engine/strike.ts';
import { Wire } from '../faults/engine/wire.ts';
import { makeWorld } from '../faults/world.ts';
import { errorsIn, warningsIn } from '../support/base/events.ts';

/** Six gateways behind two balancers. */
export const SIX = ['gw-1', 'gw-2', 'gw-3', 'gw-4', 'gw-5', 'gw-6'];
const REQUESTS_PER_SECOND = 200;

interface Scene {
  readonly weight?: number;
  readonly badRoutes?: boolean;
  /** Requests whose response is a 404 of any node. */
  readonly clientErrs?: () => boolean;
  readonly probe?: boolean;
  /** The duration of one operation on a host. */
  readonly latencyMs?: number;
  readonly onEvent?: (event: NumberedEvent, loaded: Loaded) => void;
  /** Called before each operation on a host. */
  readonly onOperation?: (loaded: Loaded) => void;
  /** The controller is killed at this event. */
  readonly killAt?: (event: NumberedEvent) => boolean;
}

/** A cluster under load: requests come evenly, and each gets a response at once. */
export class Loaded {
  readonly cluster: Cluster;
  readonly #scene: Scene;
  /** Requests whose response was a 502. */
  failed = 0;
  #due = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.cluster = new Cluster(makeWorld(SIX), { weight: scene.weight ?? 100 });
    this.cluster.badRoutes = scene.badRoutes ?? false;
    for (const lb of this.cluster.balancers.values())
      for (const id of SIX)
        lb.replies(this.cluster.address(id), () =>
          this.cluster.isBad(id) ? 502 : scene.clientErrs?.() === true ? 404 : 200,
        );
    this.cluster.time.onPass = (ms) => this.#load(ms);
  }

  #load(ms: number): void {
    const lbs = [...this.cluster.balancers.values()];
    for (this.#due += (ms * REQUESTS_PER_SECOND) / 1000; this.#due >= 1; this.#due--) {
      const request = lbs[Math.floor(this.#due) % lbs.length]?.request('gateways');
      request?.end();
      if ((request?.status ?? 502) >= 500) this.failed += 1;
    }
  }

  /** Weights of the gateways on a balancer. */
  weights(lb: string): readonly string[] {
    const rows = this.cluster.balancers.get(lb)?.rows ?? [];
    return SIX.map((id) => String(rows.find(({ name }) => name === id)?.weight));
  }

  leases = (): readonly string[] =>
    [...this.cluster.balancers.keys()].flatMap((lb) =>
      SIX.filter((id) => this.cluster.lease(lb, id) !== undefined).map((id) => `${lb} ${id}`),
    );

  /** Another operator writes leases of these gateways, and has not drained them yet. */
  leased(ids: readonly string[]): void {
    for (const lb of this.cluster.balancers.keys())
      for (const id of ids) {
        const lease = {
          v: 2,
          node: id,
          before: {},
          by: 'ops@bastion',
          at: '2026-01-01',
          reason: 'disks',
          kind: 'hand',
        };
        const text = JSON.stringify({ ...lease, heldServers: [] });
        this.cluster.hosts
          .get(lb)
          ?.files.write(leasePath('gateways', id), Buffer.from(text), { mode: '0600', owner: 'root', group: 'root' });
      }
  }

  async roll(rolling: RollingOptions = {}) {
    const { time } = this.cluster;
    const inventory = this.#inventory();
    const events: NumberedEvent[] = [];
    const killed = Promise.withResolvers<undefined>();
    const wire = new Wire(this.cluster, [], 0, NO_BLOWS);
    wire.delay = () => {
      this.#scene.onOperation?.(this);
      return this.#scene.latencyMs ?? 20;
    };
    const hosts = new Hosts(wire.connect, { clock: time });
    const never = new AbortController().signal;
    const listen = (event: NumberedEvent): void => {
      events.push(event);
      this.#scene.onEvent?.(event, this);
      if (this.#scene.killAt?.(event) !== true) return;
      wire.dead = true;
      killed.resolve(undefined);
    };
    const context = {
      hosts,
      locals: new Locals(localFiles()),
      clock: time,
      emit: emitter(time, [listen]),
      check: false,
      diff: false,
      forks: 20,
      signal: never,
      urgent: never,
      fleet: fleetOf(inventory, { by: 'ops@desk' }),
      restoreCommand: (node: string) => `api7-orch lb restore ${node}`,
    };
    const plays = function* (): Plays {
      yield* play({
        name: 'Upgrade',
        hosts: 'data_plane',
        rolling,
        *tasks(host) {
          yield* upgrade(inventory, host, { inTraffic: true, staged: true });
        },
      });
    };
    const select = () =>
      SIX.map((name) => ({ name, address: this.cluster.address(name), groups: ['data_plane'], vars: {} }));
    const running = runPlaybook(context, { title: 'upgrade', cluster: 'six', plays, select });
    const over = Promise.race([running, killed.promise]);
    await time.until(over, () => undefined);
    time.forget();
    const report = await over;
    const codes = errorsIn(events).map(({ code }) => code);
    const failedAt = events.flatMap((event) =>
      event.type === 'roll.step' && event.status === 'failed' ? [event.step] : [],
    );
    const notes = events.flatMap((event) => (event.type === 'note' ? [event.message] : []));
    const warnings = warningsIn(events);
    const nodes = Object.assign({}, ...events.flatMap((event) => (event.type === 'roll.end' ? [event.nodes] : [])));
    return { exitCode: report?.exitCode, codes, failedAt, notes, warnings, nodes };
  }

  #inventory(): Inventory {
    const { inventory } = this.cluster;
    if (this.#scene.probe !== true) return inventory;
    const probe = { path: '/orders', host: 'api.example.com', status: 200 };
    const groups = [...inventory.gatewayGroups].map(([name, group]) => [name, { ...group, probe }] as const);
    return { ...inventory, gatewayGroups: new Map(groups) };
  }
}

const nothing = (): void => undefined;

/** Faults that never strike these hosts. */
const NO_BLOWS: Blows = {
  last: '',
  takeDown: nothing,
  crash: nothing,
  recover: nothing,
  cutNetwork: nothing,
  reload: nothing,
  sleep: async () => undefined,
  kill: nothing,
  interrupt: nothing,
  answer: nothing,
};
