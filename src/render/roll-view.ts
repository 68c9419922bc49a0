import type { NumberedEvent } from '../core/event/event.ts';
import { NO_ROLL, type RollView } from './run-view.ts';

type Of<T extends NumberedEvent['type']> = Extract<NumberedEvent, { type: T }>;

/** A rolling change that is about to begin. */
export const rollPlanned = (nodes: readonly string[]): RollView => ({ ...NO_ROLL, nodes });

/** What a step says about how far the nodes are. A node is done with the last step of its own route. */
export function rollStep(roll: RollView, event: Of<'roll.step'>): RollView {
  const { host, step, status, index, of, time } = event;
  // A node that had to wait again after its dependency check begins with the next one.
  const begins = !roll.begun.has(host) || (status === 'begun' && step === 'checkDependencies');
  const begun = begins ? new Map(roll.begun).set(host, Date.parse(time)) : roll.begun;
  // What was left drained by an earlier run takes part without having been planned.
  const nodes = index === undefined || roll.nodes.includes(host) ? roll.nodes : [...roll.nodes, host];
  const now = { ...roll, begun, nodes };
  if (index === undefined || index !== of) return now;
  if (status === 'held') return { ...now, held: host };
  return status === 'ok' ? done(now, host, Date.parse(time)) : now;
}

/** After the answer the node is done whose last step was on hold; a no only keeps others from starting. */
export function held({ held: node, ...roll }: RollView, event: Of<'roll.hold'>): RollView {
  if (node === undefined) return roll;
  return node === event.host ? done(roll, node, Date.parse(event.time)) : { ...roll, held: node };
}

/** After the event that made a node done. */
export function settled(roll: RollView): RollView {
  const { last: _, ...rest } = roll;
  return rest;
}

const done = (roll: RollView, host: string, at: number): RollView => ({
  ...roll,
  done: new Map(roll.done).set(host, at - (roll.begun.get(host) ?? at)),
  last: host,
});

/** Time that is left, by the mean of the nodes that are done; nothing before the first one is. */
export function timeLeftMs({ nodes, begun, done: finished }: RollView, now: number): number | undefined {
  if (finished.size === 0) return undefined;
  const mean = [...finished.values()].reduce((sum, ms) => sum + ms, 0) / finished.size;
  const left = nodes.filter((node) => !finished.has(node));
  if (left.length === 0) return undefined;
  const running = left.filter((node) => begun.has(node));
  const each = left.map((node) => Math.max(0, mean - (begun.has(node) ? now - (begun.get(node) ?? now) : 0)));
  return each.reduce((sum, ms) => sum + ms, 0) / Math.max(1, running.length);
}
