import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import type { Connection, Ownership } from '../core/connection.ts';
import { OrchError } from '../core/errors.ts';
import { reveal } from '../core/secret.ts';
import { pieces, type Source } from './feed.ts';
import { shellFault } from './shell-faults.ts';
import { CORRUPT, directoryScript, modeScript, OVERTAKEN, putScript, removeScript } from './write-scripts.ts';

const SMALL_WRITE_MS = 5 * 60_000;
/** A transfer may take hours, but not stand still. */
const STALLED_MS = 2 * 60_000;

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
  const act = async (doing: string, path: string, request: Parameters<WriteScript>[0]): Promise<void> => {
    const { code, stderr } = await run(request);
    if (code === 0) return;
    const fault =
      code === CORRUPT ? corrupt(doing) : code === OVERTAKEN ? overtaken(doing) : shellFault(doing, code, stderr);
    throw fault.code === 'DISK_FULL' ? await diskFull(fault, path, freeBytes) : fault;
  };
  const put = async (
    doing: string,
    path: string,
    sha256: string,
    owned: Ownership,
    request: Omit<Parameters<WriteScript>[0], 'script'>,
  ): Promise<void> => {
    try {
      await act(doing, path, { ...request, script: putScript(path, sha256, owned) });
    } catch (error) {
      // How shells say that O_EXCL found the temporary name taken again since it was cleared.
      const taken = error instanceof OrchError && /File exists|existing file/.test(error.details ?? '');
      throw taken ? overtaken(doing) : error;
    }
  };

  return {
    writeFile: async (path, content, owned) => {
      const bytes = content instanceof Uint8Array ? content : Buffer.from(reveal(content));
      const digest = createHash('sha256').update(bytes).digest('hex');
      await put(`writing ${path}`, path, digest, owned, { stdin: pieces(bytes), timeoutMs: SMALL_WRITE_MS });
    },
    upload: async (local, remote, { sha256, onProgress, ...owned }) => {
      await put(`uploading ${remote}`, remote, sha256, owned, {
        stdin: localFile(local),
        idleMs: STALLED_MS,
        ...(onProgress === undefined ? {} : { onProgress }),
      });
    },
    makeDirectory: (path, owned) =>
      act(`making the directory ${path}`, path, { script: directoryScript(path, owned), timeoutMs: SMALL_WRITE_MS }),
    chmod: (path, owned) =>
      act(`setting mode and owner of ${path}`, path, {
        script: modeScript(path, owned),
        timeoutMs: SMALL_WRITE_MS,
      }),
    remove: async (path) => {
      if (posix.resolve('/', path) === '/')
        throw new OrchError('PATH_REFUSED', `"${path}" is the root directory: it is never removed`);
      await act(`removing ${path}`, path, {
        script: removeScript(path),
        timeoutMs: SMALL_WRITE_MS,
      });
    },
  };
}

async function* localFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) yield chunk;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new OrchError(
      missing ? 'LOCAL_FILE_MISSING' : 'LOCAL_FILE_UNREADABLE',
      `${path} cannot be read: ${String(error)}`,
      {
        hint: 'check the path and its permissions on this machine',
        cause: error,
      },
    );
  }
}

const corrupt = (doing: string): OrchError =>
  new OrchError(
    'UPLOAD_CORRUPT',
    `${doing} failed: what arrived has another sha256 than what was to be sent; nothing was changed`,
    {
      hint: 'the local file may have changed meanwhile, or the transfer was cut: run again',
      retryable: true,
    },
  );

const overtaken = (doing: string): OrchError =>
  new OrchError(
    'WRITE_CONFLICT',
    `${doing} failed: something else writes the same file at the same time; nothing was changed`,
    {
      hint: 'see that no other run is under way on this host, then run again',
      retryable: true,
    },
  );

async function diskFull(
  fault: OrchError,
  path: string,
  freeBytes: (path: string) => Promise<number>,
): Promise<OrchError> {
  const free = await freeBytes(posix.dirname(path)).catch(() => undefined);
  const left = free === undefined ? '' : ` (${free} bytes free at ${posix.dirname(path)})`;
  return new OrchError(fault.code, `${fault.message}${left}`, {
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    ...(fault.details === undefined ? {} : { details: fault.details }),
  });
}
