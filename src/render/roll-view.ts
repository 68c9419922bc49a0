import type { NumberedEvent } from '../core/event/event.ts';
import { NO_ROLL, type RollView } from './run-view.ts';

type Of<T extends NumberedEvent['type']> = Extract<NumberedEvent, { type: T }>;

/** A rolling change before its start. */
export const rollPlanned = (nodes: readonly string[]): RollView => ({ ...NO_ROLL, nodes });

/** The progress after a step. A node is done with the last step of its own route. */
export function rollStep(roll: RollView, event: Of<'roll.step'>): RollView {
  const { host, step, status, index, of, time } = event;
  // A node that had to wait again after its dependency check starts with the next step.
  const begins = !roll.begun.has(host) || (status === 'begun' && step === 'checkDependencies');
  const begun = begins ? new Map(roll.begun).set(host, Date.parse(time)) : roll.begun;
  // A node left drained by an earlier run takes part without being planned.
  const nodes = index === undefined || roll.nodes.includes(host) ? roll.nodes : [...roll.nodes, host];
  const now = { ...roll, begun, nodes };
  if (index === undefined || index !== of) return now;
  if (status === 'held') return { ...now, held: host };
  return status === 'ok' ? done(now, host, Date.parse(time)) : now;
}

/** After the answer, a node with its last step on hold is done; a no only prevents further starts. */
export function held({ held: node, ...roll }: RollView, event: Of<'roll.hold'>): RollView {
  if (node === undefined) return roll;
  return node === event.host ? done(roll, node, Date.parse(event.time)) : { ...roll, held: node };
}

/** The view after the event that made a node done. */
export function settled(roll: RollView): RollView {
  const { last: _, ...rest } = roll;
  return rest;
}

const done = (roll: RollView, host: string, at: number): RollView => ({
  ...roll,
  done: new Map(roll.done).set(host, at - (roll.begun.get(host) ?? at)),
  last: host,
});

/** Estimated remaining time, by the mean of the finished nodes; undefined before the first one. */
export function timeLeftMs({ nodes, begun, done: finished }: RollView, now: number): number | undefined {
  if (finished.size === 0) return undefined;
  const mean = [...finished.values()].reduce((sum, ms) => sum + ms, 0) / finished.size;
  const left = nodes.filter((node) => !finished.has(node));
  if (left.length === 0) return undefined;
  const running = left.filter((node) => begun.has(node));
  const each = left.map((node) => Math.max(0, mean - (begun.has(node) ? now - (begun.get(node) ?? now) : 0)));
  return each.reduce((sum, ms) => sum + ms, 0) / Math.max(1, running.length);
}
