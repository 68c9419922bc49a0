import { once } from 'node:events';
import type { Writable } from 'node:stream';

export type Source = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

const CHUNK = 128 * 1024;

/** A buffer in pieces, so that progress shows and a slow reader is noticed. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

/**
 * Writes a source to a process's stdin with back-pressure and ends it. Stops quietly when `over` aborts: a process may
 * end without reading its input. Rejects only when the source itself fails; stdin is then left open, so that a
 * half-read source never looks complete.
 */
export async function feed(
  stdin: Writable,
  source: Source,
  over: AbortSignal,
  onProgress?: (bytes: number) => void,
): Promise<void> {
  let sent = 0;
  for await (const chunk of source) {
    if (over.aborted) return;
    if (!stdin.write(chunk)) await once(stdin, 'drain', { signal: over }).catch(() => {});
    sent += chunk.length;
    onProgress?.(sent);
  }
  if (!over.aborted) stdin.end();
}
