import { parseDuration } from '../../../core/base/duration.ts';
import { OrchError } from '../../../core/base/errors.ts';
import type { RollContext } from '../roll-context.ts';
import type { StepRunner } from '../step-runner.ts';
import { Comparison, type Counted } from './comparison.ts';

/** Default duration of a soak. */
export const DEFAULT_SOAK = '10s';

/** Interval between early comparisons. The first one comes sooner: a node that fails every request shows it by then. */
const EVERY_MS = 1000;
const FIRST_MS = 500;

/** One node's return to service: early comparisons of one rolling change share one limit of false alarms. */
interface Return {
  /** Starts at the restore. */
  readonly comparison: Comparison;
  looks: number;
}

/**
 * Observes a node from its restore on. Compares its balancers' counters with those of peers that this run has not
 * changed, over the same time. Checks every second whether the node has clearly failed already.
 */
export class RollSoak {
  readonly #context: RollContext;
  readonly #peers: () => readonly string[];
  readonly #returns = new Map<string, Return>();

  /** `peers`: members that this run has not changed and that are in service now. */
  constructor(context: RollContext, peers: () => readonly string[]) {
    this.#context = context;
    this.#peers = peers;
  }

  /** Whether the play soaks its nodes. */
  get isWanted(): boolean {
    return this.#soakMs > 0;
  }

  get #soakMs(): number {
    return parseDuration(this.#context.play.options.rolling?.soak ?? DEFAULT_SOAK);
  }

  /**
   * Runs work that waits for a node with restored traffic. Ends at once when the node has clearly failed. @throws
   * OrchError SOAK_FAILED
   */
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

  /** Compares until the signal comes. Errors of reading counters are ignored here: other steps report them. */
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
   * Observes a node with partial traffic until it has had enough requests, at most as long as a soak.
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
   * The soak. If the peers get no requests, there is nothing to compare or to ask: the run reports that once. A bad
   * node ends it early. A good node is observed to the end, because failures may start later.
   *
   * @throws OrchError SOAK_FAILED; SOAK_INCONCLUSIVE if the peers get requests and this node gets too few
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
    // A clearly unhealthy node also gets few requests: it fails without a question.
    await steps.run(node, () => traffic.stillHealthy(), { quiet: true });
    if (verdict === 'noTraffic') noteOnce('no traffic to compare: error rates were not checked after the restore');
    if (verdict === 'inconclusive')
      throw new OrchError('SOAK_INCONCLUSIVE', `${node}: too few requests to compare with its peers: ${why}`, {
        host: node,
        operatorDecides: true,
        hint: 'continue if traffic is low, or set a longer soak (-e soak=1m)',
      });
  }

  /** Starts to compare a node with its peers. */
  #compare(node: string, steps: StepRunner): Promise<Comparison> {
    const { fleet } = this.#context;
    const names = [node, ...this.#peers().filter((name) => name !== node)];
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

  /** One early comparison. A balancer without a response decides nothing here: the last comparison of the soak does. */
  async #early(node: string, back: Return): Promise<OrchError | undefined> {
    const why = await back.comparison.early(++back.looks).catch(() => undefined);
    return why === undefined ? undefined : soakFailed(node, why);
  }

  /** Waits for the next comparison; false: the signal came. */
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
    hint: 'read its error log; it is drained again',
  });
