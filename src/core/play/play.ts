import type { Host } from '../host/host.ts';
import type { Steps } from '../task/task.ts';
import { batchSize, type Count } from './count.ts';
import type { RollingOptions } from './rolling.ts';

export interface PlayOptions<R> {
  readonly name: string;
  /** Host pattern: `control_plane`, `data_plane:!gw-3`, `gw-*`. */
  readonly hosts: string;
  /** Sizes of the batches, the last one repeated: `[1, '100%']`. Default: all hosts in one. */
  readonly batch?: Count | readonly Count[];
  /** How serving nodes are drained, changed and restored. Default: one node after another. */
  readonly rolling?: RollingOptions;
  /** A host's program. Synchronous and pure: it runs several times. */
  tasks(host: Host): Steps<R>;
}

/** One stage of a playbook. `const byHost = yield* play(…)` gives each host's return value. */
export class Play<R = unknown> {
  readonly options: PlayOptions<R>;

  constructor(options: PlayOptions<R>) {
    this.options = options;
  }

  *[Symbol.iterator](): Generator<Play, ReadonlyMap<string, R>, unknown> {
    // The engine answers a yielded play only with its hosts' results.
    return (yield this) as ReadonlyMap<string, R>;
  }
}

/**
 * Makes a play: these tasks, on these hosts, in these batches. The next play starts only if all hosts of this one ended
 * ok.
 *
 * @example yield* play({ name: 'Gateways', hosts: 'data_plane', *tasks(host) { yield directory({ path: '/opt/api7' });
 *   } });
 */
export const play = <R>(options: PlayOptions<R>): Play<R> => new Play(options);

export type Plays = Generator<Play, void, unknown>;

/**
 * Divides a list into batches.
 *
 * @example batches(['a', 'b', 'c', 'd'], [1, '100%']) // [['a'], ['b', 'c', 'd']]
 */
export function batches<T>(all: readonly T[], sizes: Count | readonly Count[] = '100%'): readonly (readonly T[])[] {
  const list = typeof sizes === 'number' || typeof sizes === 'string' ? [sizes] : sizes;
  const out: (readonly T[])[] = [];
  for (let at = 0, index = 0; at < all.length; index++) {
    const size = batchSize(list[Math.min(index, list.length - 1)] ?? '100%', all.length);
    out.push(all.slice(at, at + size));
    at += size;
  }
  return out;
}
