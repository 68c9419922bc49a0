import { numberOf } from '../../rolling/pipeline.ts';
import type { Result, Step } from '../../rolling/types.ts';
import type { RollContext } from './roll-context.ts';
import { DEFAULT_SOAK } from './soak/soak.ts';

/** Reports the steps of nodes, with their numbers. A step that a node does not need is reported as well. */
export class StepReports {
  readonly #context: Pick<RollContext, 'clock' | 'emit' | 'play'>;
  /** By node: the number of the latest step. */
  readonly #reached = new Map<string, number>();

  constructor(context: Pick<RollContext, 'clock' | 'emit' | 'play'>) {
    this.#context = context;
  }

  /** Reports that a step begins. Returns the function that reports its end. */
  begin(node: string, step: Step, route: readonly Step[]): (result: Result) => void {
    const { clock, emit, play } = this.#context;
    const event = this.#event(node, step, route);
    if (event.index === undefined) this.#reached.delete(node);
    else this.#passOver(node, route, event.index);
    const begun = clock.now();
    const note = step === 'soak' ? { note: play.options.rolling?.soak ?? DEFAULT_SOAK } : {};
    emit({ ...event, status: 'begun', ...note, durationMs: 0 });
    return (result) => {
      const durationMs = clock.now() - begun;
      if (result.kind === 'ok') return emit({ ...event, status: 'ok', durationMs });
      const status = result.kind === 'hold' ? 'held' : 'failed';
      emit({ ...event, status, note: result.fault.message, durationMs });
    };
  }

  #event(node: string, step: Step, route: readonly Step[]) {
    const { options } = this.#context.play;
    return { type: 'roll.step', play: options.name, host: node, step, ...numberOf(route, step) } as const;
  }

  /** A reader would look for the number that is missing. */
  #passOver(node: string, route: readonly Step[], index: number): void {
    const reached = this.#reached.get(node) ?? 0;
    this.#reached.set(node, index);
    for (const step of route) {
      const event = this.#event(node, step, route);
      const isPassed = event.index !== undefined && event.index > reached && event.index < index;
      if (isPassed)
        this.#context.emit({ ...event, status: 'notNeeded', note: 'no balancer sends it requests', durationMs: 0 });
    }
  }
}
