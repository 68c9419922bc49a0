import { parseDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { Comparison, type Counted } from './comparison.ts';
import type { RollContext } from './roll-context.ts';
import type { StepRunner } from './step-runner.ts';

/** How long a node is soaked when its play does not say. */
export const DEFAULT_SOAK = '10s';

/** Time from one early look to the next. The first comes sooner: a node that fails every request has shown it by then. */
const EVERY_MS = 1000;
const FIRST_MS = 500;

/** The way of one node back into traffic: early looks of one rolling change share one budget of false alarms. */
interface Return {
  /** From the restore on. */
  readonly comparison: Comparison;
  looks: number;
}

/**
 * Watches a node from its restore on: what its balancers count for it is compared with its siblings that this run has not
 * changed, over the same time. Every second it is looked whether that suffices to see that the node is bad.
 */
export class RollSoak {
  readonly #context: RollContext;
  readonly #siblings: () => readonly string[];
  readonly #returns = new Map<string, Return>();

  /** `siblings`: members that this run has not changed and that are in service now. */
  constructor(context: RollContext, siblings: () => readonly string[]) {
    this.#context = context;
    this.#siblings = siblings;
  }

  /** The play wants its nodes to be watched. */
  get isWanted(): boolean {
    return this.#soakMs > 0;
  }

  get #soakMs(): number {
    return parseDuration(this.#context.play.options.rolling?.soak ?? DEFAULT_SOAK);
  }

  /** Carries out what waits for a node that gets traffic again. It ends at once when the node is seen to be bad. @throws OrchError SOAK_FAILED */
  async during(node: string, steps: StepRunner, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { urgent } = this.#context;
    const over = new AbortController();
    const bad = new AbortController();
    const watch = this.#watchReturn(node, steps, AbortSignal.any([urgent, over.signal])).then((fault) => {
      if (fault !== undefined) bad.abort(fault);
      return fault;
    });
    try {
      await work(AbortSignal.any([urgent, bad.signal]));
    } catch (error) {
      over.abort();
      throw (await watch) ?? error;
    }
    over.abort();
    const fault = await watch;
    if (fault !== undefined) throw fault;
  }

  /** Compares until the signal comes. It disturbs nothing: counters that cannot be read are left to the other steps. */
  async #watchReturn(node: string, steps: StepRunner, signal: AbortSignal): Promise<OrchError | undefined> {
    if (!this.isWanted) return undefined;
    const comparison = await this.#compare(node, steps).catch(() => undefined);
    if (comparison === undefined || !comparison.counts) return undefined;
    const back: Return = { comparison, looks: 0 };
    this.#returns.set(node, back);
    while (await this.#pause(back, signal)) {
      const fault = await this.#early(node, back);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /**
   * Watches a node that gets a part of its traffic until it has had enough requests, at most as long as a soak.
   *
   * @throws OrchError SOAK_FAILED
   */
  async watchPart(node: string): Promise<void> {
    const { clock, urgent } = this.#context;
    const back = this.#returns.get(node);
    const until = clock.now() + this.#soakMs;
    while (back !== undefined) {
      const fault = await this.#early(node, back);
      if (fault !== undefined) throw fault;
      const left = until - clock.now();
      if (left <= 0 || back.comparison.isEnough) return;
      await clock.sleep(Math.min(EVERY_MS, left), urgent);
    }
  }

  /**
   * Where its peers get no requests there is nothing to compare, and nothing to ask: the run says so once. A node that is bad ends
   * it early; a good one is watched to the end, for what goes wrong later.
   *
   * @throws OrchError SOAK_FAILED; SOAK_INCONCLUSIVE where peers get requests and this node too few
   */
  async watch(node: string, steps: StepRunner): Promise<void> {
    const { clock, fleet, urgent, noteOnce } = this.#context;
    const traffic = fleet?.traffic(node);
    if (traffic === undefined || !this.isWanted) return;
    const { looks } = this.#returns.get(node) ?? { looks: 0 };
    this.#returns.delete(node);
    const comparison = await this.#compare(node, steps);
    const until = clock.now() + this.#soakMs;
    const soak: Return = { comparison, looks };
    for (let left = this.#soakMs; left > 0; left = until - clock.now()) {
      await clock.sleep(Math.min(left, EVERY_MS), urgent);
      const fault = comparison.counts && clock.now() < until ? await this.#early(node, soak) : undefined;
      if (fault !== undefined) throw fault;
    }
    const { verdict, why } = await comparison.last();
    if (verdict === 'fail') throw soakFailed(node, why);
    // Nobody is asked about a node that is plainly not well: it gets few requests, too.
    await steps.run(node, () => traffic.stillHealthy(), { quiet: true });
    if (verdict === 'noTraffic') noteOnce('no traffic to compare: error rates were not checked after the restore');
    if (verdict === 'inconclusive')
      throw new OrchError('SOAK_INCONCLUSIVE', `${node}: too few requests to compare with its peers: ${why}`, {
        host: node,
        operatorDecides: true,
        hint: 'continue if traffic is low, or set a longer soak (-e soak=1m)',
      });
  }

  /** Begins to compare a node with its peers. */
  #compare(node: string, steps: StepRunner): Promise<Comparison> {
    const { fleet } = this.#context;
    const names = [node, ...this.#siblings().filter((name) => name !== node)];
    return Comparison.begin(node, async (): Promise<Counted> => {
      const all = await Promise.all(
        names.map(async (name) => {
          const counted = fleet?.traffic(name);
          const counters = counted && (await steps.run(name, () => counted.counters(), { quiet: true }));
          return [name, counters ?? {}] as const;
        }),
      );
      return new Map(all);
    });
  }

  /** One early look. Where a balancer does not answer for a moment it decides nothing: the last look of a soak tells. */
  async #early(node: string, back: Return): Promise<OrchError | undefined> {
    const why = await back.comparison.early(++back.looks).catch(() => undefined);
    return why === undefined ? undefined : soakFailed(node, why);
  }

  /** Waits for the next look; false: the signal came. */
  #pause({ looks }: Return, signal: AbortSignal): Promise<boolean> {
    return this.#context.clock.sleep(looks === 0 ? FIRST_MS : EVERY_MS, signal).then(
      () => true,
      () => false,
    );
  }
}

const soakFailed = (node: string, why: string): OrchError =>
  new OrchError('SOAK_FAILED', `${node} has more errors than its unchanged peers: ${why}`, {
    host: node,
    hint: 'look at its error log; it is taken out of traffic again',
  });
