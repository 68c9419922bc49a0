import { parseDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Counters } from '../../core/host/balancer.ts';
import { compareCounters } from '../../rolling/soak.ts';
import type { RollContext } from './roll-context.ts';
import type { StepRunner } from './step-runner.ts';

/** How long a node is soaked when its play does not say. */
export const DEFAULT_SOAK = '10s';

type ByBalancer = Readonly<Record<string, Counters>>;

/**
 * Watches a node in full service for a while: what its balancers count for it is compared with its siblings that this
 * run has not changed, over the same time.
 */
export class RollSoak {
  readonly #context: RollContext;
  readonly #siblings: () => readonly string[];

  /** `siblings`: members that this run has not changed and that are in service now. */
  constructor(context: RollContext, siblings: () => readonly string[]) {
    this.#context = context;
    this.#siblings = siblings;
  }

  /**
   * Where its peers get no requests there is nothing to compare, and nothing to ask: the run says so once.
   *
   * @throws OrchError SOAK_FAILED; SOAK_INCONCLUSIVE where peers get requests and this node too few
   */
  async watch(node: string, steps: StepRunner): Promise<void> {
    const { clock, fleet, urgent, play, noteOnce } = this.#context;
    const soakMs = parseDuration(play.options.rolling?.soak ?? DEFAULT_SOAK);
    const traffic = fleet?.traffic(node);
    if (traffic === undefined || soakMs === 0) return;
    const siblings = this.#siblings().filter((name) => name !== node);
    const count = async (): Promise<ReadonlyMap<string, ByBalancer>> => {
      const all = await Promise.all(
        [node, ...siblings].map(async (name) => {
          const counted = fleet?.traffic(name);
          const counters = counted && (await steps.run(name, () => counted.counters(), { quiet: true }));
          return [name, counters ?? {}] as const;
        }),
      );
      return new Map(all);
    };
    const before = await count();
    await clock.sleep(soakMs, urgent);
    const after = await count();
    const windows = (name: string) =>
      Object.entries(after.get(name) ?? {}).flatMap(([balancer, end]) => {
        const begin = before.get(name)?.[balancer];
        return begin === undefined ? [] : [{ begin, end }];
      });
    const own = windows(node);
    // Nobody counts there: the gates of the node itself have to do.
    const { verdict, why } =
      own.length > 0 ? compareCounters(own, siblings.flatMap(windows)) : { verdict: 'pass', why: '' };
    if (verdict === 'fail')
      throw new OrchError('SOAK_FAILED', `${node} has more errors than its unchanged peers: ${why}`, {
        host: node,
        hint: 'look at its error log; it is taken out of traffic again',
      });
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
}
