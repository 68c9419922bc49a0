import type { Traffic } from '../../../core/play/rolling.ts';
import type { Result } from '../../../rolling/types.ts';
import type { RollContext } from '../roll-context.ts';
import type { StepRunner } from '../step-runner.ts';
import type { RollSoak } from './soak.ts';

/** Default share of its traffic that a canary gets first, in percent. */
const DEFAULT_PERCENT = 10;

/** Restores a node on its balancers, to all of its traffic. */
type Restore = (traffic: Traffic) => Promise<unknown>;

/** Nodes that get a part of their traffic until their responses match those of their peers. */
export class CanaryTraffic {
  readonly #context: RollContext;
  readonly #soak: RollSoak;
  readonly #steps: StepRunner;
  /** By node: the share of its traffic. Its lease still exists: if the run ends here, the next one restores all traffic. */
  readonly #inPart = new Map<string, number>();

  constructor(context: RollContext, soak: RollSoak, steps: StepRunner) {
    this.#context = context;
    this.#soak = soak;
    this.#steps = steps;
  }

  /** The share of its traffic that a node gets, in percent; undefined: all or nothing. */
  partOf(node: string): number | undefined {
    return this.#inPart.get(node);
  }

  /** Drains a node, or gives it all of its traffic: afterwards it gets no part any more. */
  async end<R>(node: string, act: () => Promise<R>): Promise<R> {
    const done = await act();
    this.#inPart.delete(node);
    return done;
  }

  /**
   * Restores a node to a part of its traffic; to all of it if the play or the balancers do not allow a part. @returns
   * who holds the node
   */
  async restore(
    node: string,
    traffic: Traffic,
    restore: (percent: number | undefined) => Promise<string | undefined>,
  ): Promise<string | undefined> {
    const { play, noteOnce } = this.#context;
    const { canaryWeight } = play.options.rolling ?? {};
    const percent = canaryWeight === undefined ? DEFAULT_PERCENT : Number.parseInt(canaryWeight, 10);
    if (percent >= 100 || !this.#soak.isWanted) return await restore(undefined);
    const heldBy = await restore(percent);
    if (heldBy !== undefined) return heldBy;
    const balancers = await this.#steps.run(node, () => traffic.partlyRestored(), { quiet: true });
    if (balancers.length > 0) this.#inPart.set(node, percent);
    else if (canaryWeight !== undefined)
      noteOnce(
        `no balancer can give ${node} a part of its traffic: canary_weight ${canaryWeight} is ignored (HAProxy needs servers with a weight, such as 100)`,
      );
    return undefined;
  }

  /** Observes a node with partial traffic, then restores all of it. @throws OrchError SOAK_FAILED */
  async prove(node: string, restore: Restore): Promise<void> {
    const traffic = this.#context.fleet?.traffic(node);
    if (traffic === undefined || !this.#inPart.has(node)) return;
    await this.#soak.watchPart(node);
    await this.end(node, () => restore(traffic));
  }

  /**
   * Called when a node failed after its restore. If the failure was not the node's, it gets all of its traffic; else it
   * is drained next, or keeps its part. Failures here are warnings: the first failure is reported.
   */
  async failed(node: string, result: Result, restore: Restore): Promise<void> {
    const traffic = this.#context.fleet?.traffic(node);
    const isSilent = result.kind === 'failed' && result.notNodesFault === true;
    if (!this.#inPart.has(node) || traffic === undefined || !isSilent) return;
    try {
      await this.end(node, () => restore(traffic));
    } catch (error) {
      const message = `it gets only a part of its traffic: ${error instanceof Error ? error.message : error}; api7-orch lb restore gives it all`;
      this.#context.emit({ type: 'warning', host: node, message });
    }
  }
}
