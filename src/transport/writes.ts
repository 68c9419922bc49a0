import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Connection, Ownership } from '../core/connection.ts';
import { OrchError } from '../core/errors.ts';
import { reveal } from '../core/secret.ts';
import { pieces, type Source } from './feed.ts';
import { openLocalFile } from './local-file.ts';
import { uploadResumed } from './upload.ts';
import { sweepScript } from './upload-scripts.ts';
import { writeFault } from './write-faults.ts';
import { directoryScript, modeScript, putScript, removeScript } from './write-scripts.ts';

const SMALL_WRITE_MS = 5 * 60_000;
/** Up to this size an upload is sent anew when it breaks: going on would take as long as sending it. */
const SMALL_UPLOAD = 1024 * 1024;

/** A script with its input, run to its end; what it printed on stderr. */
export type WriteScript = (request: {
  readonly script: string;
  readonly stdin?: Source;
  readonly onProgress?: (bytes: number) => void;
  readonly timeoutMs?: number;
  readonly idleMs?: number;
}) => Promise<{ readonly code: number | null; readonly stderr: string }>;

type Writes = Pick<Connection, 'writeFile' | 'makeDirectory' | 'chmod' | 'remove' | 'upload'>;

/** The writes of a connection as scripts. `freeBytes` gives evidence when a disk is full. */
export function writes(run: WriteScript, freeBytes: (path: string) => Promise<number>): Writes {
  const act = async (doing: string, path: string, request: Parameters<WriteScript>[0]): Promise<string> => {
    const ended = await run(request);
    if (ended.code !== 0) throw await writeFault(doing, path, ended, freeBytes);
    return ended.stderr;
  };
  const small = async (doing: string, path: string, script: string, stdin?: Source): Promise<void> => {
    await act(doing, path, { script, ...(stdin === undefined ? {} : { stdin }), timeoutMs: SMALL_WRITE_MS });
  };

  return {
    writeFile: async (path, content, owned) => {
      const bytes = content instanceof Uint8Array ? content : Buffer.from(reveal(content));
      const digest = createHash('sha256').update(bytes).digest('hex');
      await small(`writing ${path}`, path, putScript(path, digest, owned), pieces(bytes));
    },
    upload: async (local, path, { sha256, onProgress, ...owned }) => {
      await using file = await openLocalFile(local);
      const doing = `uploading ${path}`;
      if (file.size > SMALL_UPLOAD) {
        const target = { ...owned, path, sha256, size: file.size };
        await uploadResumed(file, target, (request) => act(doing, path, request), onProgress);
        return;
      }
      const bytes = await whole(file.chunks(0));
      await small(doing, path, `${sweepScript(path)}\n${putScript(path, sha256, owned)}`, pieces(bytes));
      onProgress?.(bytes.length);
    },
    makeDirectory: (path, owned) => small(`making the directory ${path}`, path, directoryScript(path, owned)),
    chmod: (path, owned: Ownership) => small(`setting mode and owner of ${path}`, path, modeScript(path, owned)),
    remove: async (path) => {
      if (posix.resolve('/', path) === '/')
        throw new OrchError('PATH_REFUSED', `"${path}" is the root directory: it is never removed`);
      await small(`removing ${path}`, path, removeScript(path));
    },
  };
}

/** Copies: each chunk's memory is used again. */
async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}
