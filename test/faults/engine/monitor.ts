import type { RunEvent } from '../../../src/core/event/event.ts';
import { Violation } from '../world.ts';
import { NOTICED_MS } from './balancer-host.ts';
import type { Cluster } from './cluster.ts';
import { Load } from './load.ts';
import { GATEWAY } from './program.ts';
import { Way } from './way.ts';

/**
 * Monitors the hosts while the engine works on them, and reports violations when they happen, by the state of the hosts and not
 * by the engine's reports. Numbers as in engine.test.ts.
 */
export class Monitor {
  readonly #cluster: Cluster;
  readonly #budget: number;
  readonly load: Load;
  readonly way: Way;
  /** The first violation. */
  wrong: Violation | undefined;
  /** An external event stopped these, and when: no observation just before or right after could show it. */
  readonly #struckAt = new Map<string, number>();
  /** By node: the time of the observation that decided its start. */
  readonly #decidedBy = new Map<string, number>();
  #lookedAt = -1;

  constructor(cluster: Cluster, budget: number) {
    this.#cluster = cluster;
    this.#budget = budget;
    this.way = new Way(cluster, (what) => this.#tell(what));
    this.load = new Load(cluster, (lb) => this.#lost(lb));
    cluster.busy = (id) => this.load.on(id);
    cluster.onOrder = (lb, command) => this.#ordered(lb, command);
    // Without a managed balancer nothing keeps clients away from a node during its change.
    if (this.#isBalanced) cluster.time.onPass = (ms) => this.load.pass(ms);
    for (const id of cluster.ids) {
      if (!cluster.isHealthy(id)) this.#struckAt.set(id, 0);
      cluster.engine(id).onWrite = (call, name) => this.#written(id, call, name);
    }
  }

  /** A fault stops a node. */
  struck(id: string): void {
    if (!this.#struckAt.has(id)) this.#struckAt.set(id, this.#cluster.time.now());
  }

  /** All nodes are being observed. */
  looking(): void {
    this.#lookedAt = this.#cluster.time.now();
    this.way.looking();
  }

  event(event: RunEvent): void {
    this.way.event(event);
    if (event.type === 'roll.step' && event.status === 'begun' && event.step === 'checkDependencies')
      this.#decidedBy.set(event.host, this.#lookedAt);
  }

  get #isBalanced(): boolean {
    return this.#cluster.inventory.loadBalancers.size > 0;
  }

  /** 1: no serving node is drained beyond the budget. 3: a drained node has a lease before its drain. */
  #ordered(lb: string, command: string): void {
    const [, id = '', to] = /^set server gateways\/(\S+) state (\w+)$/.exec(command) ?? [];
    if (to === 'ready') this.#onRestore(id);
    else if (to !== undefined) this.#takenOut(lb, id);
  }

  #takenOut(lb: string, id: string): void {
    if (this.#cluster.lease(lb, id) === undefined) this.#tell(`${id} is drained on ${lb} without a lease`);
    if (!this.#inFullService(id)) return;
    const seen = this.#decidedBy.get(id) ?? -1;
    const away = this.#cluster.ids.filter(
      (other) => other === id || (!this.#inFullService(other) && this.#known(other, seen)),
    );
    if (away.length > this.#budget) this.#tell(`${id} is drained as one of ${away}`);
  }

  #known(id: string, seen: number): boolean {
    const struck = this.#struckAt.get(id);
    return struck === undefined || struck <= seen - NOTICED_MS;
  }

  #inFullService = (id: string): boolean =>
    this.#cluster.isHealthy(id) && [...this.#cluster.balancers.keys()].every((lb) => this.#cluster.isUsed(lb, id));

  #onRestore(id: string): void {
    if (!this.#struckAt.has(id) && !this.#cluster.isHealthy(id))
      this.#tell(`${id} is restored though it is not healthy`);
  }

  /** 2: no serving container is stopped before it is idle on every balancer. */
  #written(id: string, call: string, name: string): void {
    if (call !== 'stop' || name !== GATEWAY || !this.#isBalanced) return;
    if (this.#cluster.engine(id).pidOf(GATEWAY) === 0) return;
    this.way.stops(id);
    for (const lb of this.#cluster.balancers.keys()) {
      if (this.#cluster.isHealthy(id) && this.#cluster.isUsed(lb, id))
        this.#tell(`${id} is stopped while ${lb} uses it`);
      const running = this.load.on(id, lb);
      if (running > 0) this.#tell(`${id} is stopped with ${running} requests of ${lb} running`);
    }
  }

  /** No client sees an error that only an operator should see. */
  #lost(lb: string): void {
    const { ids, isHealthy } = this.#cluster;
    const culprit = ids.find((id) => !isHealthy(id) && !this.#struckAt.has(id) && this.#cluster.isUsed(lb, id));
    if (culprit !== undefined) this.#tell(`${lb} loses a request on ${culprit}`);
  }

  #tell(what: string): void {
    this.wrong ??= new Violation(what);
  }
}
