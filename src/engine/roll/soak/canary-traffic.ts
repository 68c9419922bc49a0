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
  /** Nodes with partial traffic. Their leases still exist: if the run ends here, the next one restores all traffic. */
  readonly #inPart = new Set<string>();

  constructor(context: RollContext, soak: RollSoak, steps: StepRunner) {
    this.#context = context;
    this.#soak = soak;
    this.#steps = steps;
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
    if (balancers.length > 0) this.#inPart.add(node);
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
    await restore(traffic);
    this.#inPart.delete(node);
  }

  /**
   * Called when a node failed after its restore. If the failure was not the node's, it gets all of its traffic; else it
   * is drained next. Failures here are warnings: the first failure is reported.
   */
  async failed(node: string, result: Result, restore: Restore): Promise<void> {
    const traffic = this.#context.fleet?.traffic(node);
    const isSilent = result.kind === 'failed' && result.notNodesFault === true;
    if (!this.#inPart.delete(node) || traffic === undefined || !isSilent) return;
    try {
      await restore(traffic);
    } catch (error) {
      const message = `it gets only a part of its traffic: ${error instanceof Error ? error.message : error}; api7-orch lb restore gives it all`;
      this.#context.emit({ type: 'warning', host: node, message });
    }
  }
}
