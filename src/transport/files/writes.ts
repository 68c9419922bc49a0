import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { reveal } from '../../core/base/secret.ts';
import type { Connection, Ownership, Stat } from '../../core/host/connection.ts';
import { statLine, type Whole } from '../read/read-requests.ts';
import { pieces, type Source } from '../shell/feed.ts';
import { BY_STDIN, LOCKED, OTHER_CONTENT } from '../shell/write-functions.ts';
import { openLocalFile } from './local-file.ts';
import { uploadResumed } from './upload.ts';
import { sweepScript } from './upload-scripts.ts';
import { locked, writeFault } from './write-errors.ts';
import type { WriteScript } from './write-script.ts';
import {
  directoryScript,
  dropScript,
  modeScript,
  type Owned,
  printable,
  putScript,
  removeScript,
  saidIdentity,
  saidNow,
  swapScript,
} from './write-scripts.ts';

const SMALL_WRITE_MS = 5 * 60_000;
/** An interrupted upload up to this size is sent again: resuming takes as long. */
const SMALL_UPLOAD = 1024 * 1024;

type Writes = Pick<Connection, 'writeFile' | 'swapFile' | 'makeDirectory' | 'chmod' | 'remove' | 'upload'>;

export interface WriteMeans {
  readonly run: WriteScript;
  /** For the details of a full disk. */
  readonly freeBytes: (path: string) => Promise<number>;
  /** Whether new files on the host have this owner and group without chown. */
  readonly isOurs: (owned: Ownership) => boolean;
  /** Called after an upload with a checked digest. */
  readonly onUploaded: (path: string, whole: Whole) => void;
  /** Called with a path's state after a write, and with the digest of a file. */
  readonly onWritten: (path: string, stat: Stat, sha256?: string) => void;
}

/** A connection's writes as scripts. */
export function writes({ run, freeBytes, isOurs, onUploaded, onWritten }: WriteMeans): Writes {
  const known = ({ mode, owner, group }: Ownership): Owned => ({
    mode,
    owner,
    group,
    ours: isOurs({ mode, owner, group }),
  });
  const act = async (doing: string, path: string, request: Parameters<WriteScript>[0]): Promise<string> => {
    const ended = await run(request);
    if (ended.code !== 0) throw await writeFault(doing, path, ended, freeBytes);
    return ended.stderr;
  };
  const small = async (
    doing: string,
    path: string,
    script: string,
    { stdin, sha256 }: { readonly stdin?: Source; readonly sha256?: string } = {},
  ): Promise<void> => {
    const request = { script, ...defined({ stdin }), timeoutMs: SMALL_WRITE_MS };
    written(path, await act(doing, path, request), sha256);
  };
  const written = (path: string, stderr: string, sha256?: string): void => {
    const now = saidNow(stderr);
    if (now !== undefined) onWritten(path, statLine(now), sha256);
  };

  return {
    writeFile: async (path, content, owned) => {
      const bytes = content instanceof Uint8Array ? content : Buffer.from(reveal(content));
      const size = bytes.length;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const text = printable(bytes);
      if (text !== undefined) {
        const request = { script: putScript(path, { size, text }, known(owned)), timeoutMs: SMALL_WRITE_MS };
        const ended = await run(request);
        if (ended.code === 0) return written(path, ended.stderr, sha256);
        if (ended.code !== BY_STDIN) throw await writeFault(`writing ${path}`, path, ended, freeBytes);
      }
      const put = putScript(path, { size }, known(owned));
      await small(`writing ${path}`, path, put, { stdin: pieces(bytes), sha256 });
    },
    upload: async (local, path, { sha256, onProgress, ...owned }) => {
      await using file = await openLocalFile(local);
      const doing = `uploading ${path}`;
      if (file.size > SMALL_UPLOAD) {
        const target = { ...known(owned), path, sha256, size: file.size };
        const said = await uploadResumed(file, target, (request) => act(doing, path, request), onProgress);
        written(path, said, sha256);
        const identity = saidIdentity(said);
        if (identity !== undefined) onUploaded(path, { identity, sha256 });
        return;
      }
      const bytes = await whole(file.chunks(0));
      const put = putScript(path, { size: bytes.length, sha256 }, known(owned));
      await small(doing, path, `${sweepScript(path)}\n${put}`, { stdin: pieces(bytes), sha256 });
      onProgress?.(bytes.length);
    },
    swapFile: async (path, { from, to }, owned) => {
      const bytes = Buffer.from(to ?? '');
      const text = printable(bytes);
      const digest = to === null ? '' : createHash('sha256').update(bytes).digest('hex');
      const swap = (change: string): string => swapScript(path, { from: from ?? '', to: digest }, change);
      const put = (content: { readonly text?: string }): string =>
        putScript(path, { size: bytes.length, ...content }, known(owned));
      const first = to === null ? dropScript(path) : put(defined({ text }));
      const stdin = { stdin: pieces(bytes), timeoutMs: SMALL_WRITE_MS };
      let ended = await run({ script: swap(first), ...stdin });
      if (ended.code === BY_STDIN) ended = await run({ script: swap(put({})), ...stdin });
      if (ended.code === OTHER_CONTENT) return false;
      if (ended.code === LOCKED) throw locked(path);
      if (ended.code !== 0) throw await writeFault(`changing ${path}`, path, ended, freeBytes);
      return true;
    },
    makeDirectory: (path, owned) => small(`making the directory ${path}`, path, directoryScript(path, known(owned))),
    chmod: (path, owned) => small(`setting mode and owner of ${path}`, path, modeScript(path, known(owned))),
    remove: async (path) => {
      if (posix.resolve('/', path) === '/')
        throw new OrchError('PATH_REFUSED', `"${path}" is the root directory: it is never removed`);
      await small(`removing ${path}`, path, removeScript(path));
    },
  };
}

/** Copies, because the memory of each chunk is reused. */
async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}
