import type { Writable } from 'node:stream';
import { spareBuffers } from './spare-buffers.ts';

/** Bytes to send. The memory of a chunk may be reused once the next one is requested. */
export type Source = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

const CHUNK = 128 * 1024;

/** A buffer in pieces, so that progress is visible and a slow reader is noticed. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

/**
 * Writes a source to a process's stdin with back-pressure, then ends it. Stops silently if `over` aborts or stdin is
 * closed: a process may end without reading its input. Rejects only if the source itself fails; stdin stays open then,
 * so that an incomplete source never appears complete.
 */
export async function feed(
  stdin: Writable,
  source: Source,
  over: AbortSignal,
  onProgress?: (bytes: number) => void,
): Promise<void> {
  let sent = 0;
  for await (const chunk of source) {
    if (!(await taken(stdin, chunk, over))) return;
    sent += chunk.length;
    spareBuffers(chunk.length);
    onProgress?.(sent);
  }
  if (!over.aborted) stdin.end();
}

/** Whether the channel accepted the chunk. A closed channel never answers, but `over` does. */
function taken(stdin: Writable, chunk: Uint8Array, over: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (): void => resolve(false);
    if (over.aborted) return end();
    over.addEventListener('abort', end, { once: true });
    stdin.write(chunk, (error) => {
      over.removeEventListener('abort', end);
      resolve(!error && !over.aborted);
    });
  });
}
