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
  collect ??= beginSparing();
  collect();
}

function beginSparing(): () => void {
  // The search of the whole heap waits until that has grown. Elsewhere V8 would say on stderr that it does not know this.
  if (process.versions.v8.startsWith('13.')) setFlagsFromString('--external-memory-accounted-in-global-limit');
  return youngCollector();
}

/** A context made while V8 exposes its collector has it; all others go without. */
function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  return typeof gc === 'function' ? () => gc({ type: 'minor', execution: 'sync' }) : () => {};
}
