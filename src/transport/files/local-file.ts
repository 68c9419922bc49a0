import { type FileHandle, open } from 'node:fs/promises';
import { codeOf, OrchError } from '../../core/base/errors.ts';

/** With smaller chunks the system calls cost more; larger ones miss the processor's caches. */
const CHUNK = 256 * 1024;

/** A controller file, opened to be sent. */
export interface LocalFile extends AsyncDisposable {
  /** Bytes at the time of opening. */
  readonly size: number;
  /** Its bytes from `at` on, at most up to `size`. The memory of a chunk is reused for the second chunk after it. */
  chunks(at: number): AsyncGenerator<Uint8Array>;
}

/**
 * @throws OrchError LOCAL_FILE_MISSING, LOCAL_FILE_UNREADABLE
 * @example await using file = await openLocalFile('/srv/api7.tar.gz'); for await (const chunk of file.chunks(0)) …
 */
export async function openLocalFile(path: string): Promise<LocalFile> {
  const handle = await open(path).catch((error: unknown) => unreadable(path, error));
  try {
    const { size } = await handle.stat();
    return {
      size,
      chunks: (at) => chunks(path, handle, at, size),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    return unreadable(path, error);
  }
}

/** Reads the next chunk while the last one is being sent. */
async function* chunks(path: string, handle: FileHandle, at: number, size: number): AsyncGenerator<Uint8Array> {
  const buffers = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)] as const;
  let turn: 0 | 1 = 0;
  const read = async (position: number): Promise<Uint8Array> => {
    const buffer = buffers[turn];
    turn = turn === 0 ? 1 : 0;
    const { bytesRead } = await handle.read(buffer, 0, Math.min(CHUNK, size - position), position);
    return buffer.subarray(0, bytesRead);
  };
  let next = read(at);
  try {
    for (let position = at; ; ) {
      const chunk = await next.catch((error: unknown) => unreadable(path, error));
      if (chunk.length === 0) return;
      position += chunk.length;
      next = read(position);
      yield chunk;
    }
  } finally {
    // Neither its buffer nor the file may be released before the read is done.
    await next.catch(() => {});
  }
}

function unreadable(path: string, error: unknown): never {
  const missing = codeOf(error) === 'ENOENT';
  throw new OrchError(
    missing ? 'LOCAL_FILE_MISSING' : 'LOCAL_FILE_UNREADABLE',
    `${path} cannot be read: ${String(error)}`,
    { hint: 'check the path and its permissions on the controller', cause: error },
  );
}
