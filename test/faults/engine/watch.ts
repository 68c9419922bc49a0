import type { RunEvent } from '../../../src/core/event/event.ts';
import { Violation } from '../world.ts';
import { NOTICED_MS } from './balancer-host.ts';
import type { Cluster } from './cluster.ts';
import { Load } from './load.ts';
import { GATEWAY } from './program.ts';
import { Way } from './way.ts';

/**
 * Watches the hosts while the engine works on them: what must never happen is told when it happens, by what is so and not
 * by what the engine says. Numbers as in the design, §5.
 */
export class Watch {
  readonly #cluster: Cluster;
  readonly #budget: number;
  readonly load: Load;
  readonly way: Way;
  /** The first thing that went wrong. */
  wrong: Violation | undefined;
  /** Something from outside took these away, and when: nobody who looked before, or right after, could know. */
  readonly #struckAt = new Map<string, number>();
  /** By node: when that was looked at by which its turn was decided. */
  readonly #decidedBy = new Map<string, number>();
  #lookedAt = -1;

  constructor(cluster: Cluster, budget: number) {
    this.#cluster = cluster;
    this.#budget = budget;
    this.way = new Way(cluster, (what) => this.#tell(what));
    this.load = new Load(cluster, (lb) => this.#lost(lb));
    cluster.busy = (id) => this.load.on(id);
    cluster.onOrder = (lb, command) => this.#ordered(lb, command);
    // Without a balancer that is spoken to nobody keeps clients away from a node that is changed.
    if (this.#isBalanced) cluster.time.onPass = (ms) => this.load.pass(ms);
    for (const id of cluster.ids) {
      if (!cluster.isWell(id)) this.#struckAt.set(id, 0);
      cluster.engine(id).onWrite = (call, name) => this.#written(id, call, name);
    }
  }

  /** A fault takes a node away. */
  struck(id: string): void {
    if (!this.#struckAt.has(id)) this.#struckAt.set(id, this.#cluster.time.now());
  }

  /** Everybody is being looked at. */
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

  /** 1: nobody who serves is taken out beyond the budget. 3: what is taken out is on record before. */
  #ordered(lb: string, command: string): void {
    const [, id = '', to] = /^set server gateways\/(\S+) state (\w+)$/.exec(command) ?? [];
    if (to === 'ready') this.#givenBack(id);
    else if (to !== undefined) this.#takenOut(lb, id);
  }

  #takenOut(lb: string, id: string): void {
    if (this.#cluster.lease(lb, id) === undefined) this.#tell(`${id} is taken out of ${lb}, and nothing is on record`);
    if (!this.#inFullService(id)) return;
    const seen = this.#decidedBy.get(id) ?? -1;
    const away = this.#cluster.ids.filter(
      (other) => other === id || (!this.#inFullService(other) && this.#known(other, seen)),
    );
    if (away.length > this.#budget) this.#tell(`${id} is taken out of traffic as one of ${away}`);
  }

  #known(id: string, seen: number): boolean {
    const struck = this.#struckAt.get(id);
    return struck === undefined || struck <= seen - NOTICED_MS;
  }

  #inFullService = (id: string): boolean =>
    this.#cluster.isWell(id) && [...this.#cluster.balancers.keys()].every((lb) => this.#cluster.isUsed(lb, id));

  #givenBack(id: string): void {
    if (!this.#struckAt.has(id) && !this.#cluster.isWell(id)) this.#tell(`${id} is given back though it is not well`);
  }

  /** 2: no container that serves is stopped without proof of its drain on every balancer. */
  #written(id: string, call: string, name: string): void {
    if (call !== 'stop' || name !== GATEWAY || !this.#isBalanced) return;
    if (this.#cluster.engine(id).pidOf(GATEWAY) === 0) return;
    this.way.stops(id);
    for (const lb of this.#cluster.balancers.keys()) {
      if (this.#cluster.isWell(id) && this.#cluster.isUsed(lb, id)) this.#tell(`${id} is stopped while ${lb} uses it`);
      const running = this.load.on(id, lb);
      if (running > 0) this.#tell(`${id} is stopped with ${running} requests of ${lb} running`);
    }
  }

  /** No client is told by an error what only an operator was to know. */
  #lost(lb: string): void {
    const { ids, isWell } = this.#cluster;
    const culprit = ids.find((id) => !isWell(id) && !this.#struckAt.has(id) && this.#cluster.isUsed(lb, id));
    if (culprit !== undefined) this.#tell(`${lb} loses a request on ${culprit}`);
  }

  #tell(what: string): void {
    this.wrong ??= new Violation(what);
  }
}
