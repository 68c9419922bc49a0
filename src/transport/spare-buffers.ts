import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** More often costs time of its own; at four times as much V8 begins its own search before. */
const EVERY = 8 * 1024 * 1024;

let sent = 0;
let collect: (() => void) | undefined;

/**
 * To be told of all bytes that leave. ssh2 makes two buffers for each packet. V8 searches its whole heap whenever it has
 * seen 64 MB of buffers made, which cost half of an upload's processor time; they are young, and the quick search for
 * young things, a millisecond, frees them as well.
 *
 * @example spareBuffers(chunk.length)
 */
export function spareBuffers(bytes: number): void {
  sent += bytes;
  if (sent < EVERY) return;
  sent = 0;
  collect ??= youngCollector();
  collect();
}

/** The search of the whole heap can wait for the heap to grow; where a V8 does not know this, it would say so on stderr. */
const CAN_WAIT = /^13\./.test(process.versions.v8);

/** A context made while V8 exposes its collector has it; all others go without. */
function youngCollector(): () => void {
  if (CAN_WAIT) setFlagsFromString('--external-memory-accounted-in-global-limit');
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  return typeof gc === 'function' ? () => gc({ type: 'minor', execution: 'sync' }) : () => {};
}
