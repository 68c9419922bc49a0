import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** More often costs time of its own; at four times this V8 starts its own collection first. */
const EVERY = 8 * 1024 * 1024;

let sent = 0;
let collect: (() => void) | undefined;

/**
 * Call it with the number of sent bytes. ssh2 makes two buffers for each packet. V8 collects its whole heap after each
 * 64 MB of buffers, which took half of an upload's processor time. These buffers are young, and a quick young
 * collection of a millisecond frees them too.
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
  // Delays the full collection until the heap itself has grown. Other V8 versions would warn about the unknown flag on
  // stderr.
  if (process.versions.v8.startsWith('13.')) setFlagsFromString('--external-memory-accounted-in-global-limit');
  return youngCollector();
}

/** Only a context made while V8 exposes its collector can call it. */
function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  return typeof gc === 'function' ? () => gc({ type: 'minor', execution: 'sync' }) : () => {};
}
