import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { quote } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import { TOO_LARGE_HINT } from '../../core/bounds/collector.ts';
import { formatSize, LIMITS } from '../../core/bounds/limits.ts';
import type { Stat } from '../../core/host/connection.ts';
import type { Reply, Request, Tool } from './request.ts';
import { saysMissing, shellFault } from './shell-errors.ts';

/** Output limit in bytes for replies of a line or two: longer than any path. */
const LINE = 16 * 1024;

/** A path as a shell word that no tool takes for an option. */
export const pathWord = (path: string): string => quote(path.startsWith('/') ? path : `./${path}`);

/** Type bits of st_mode, inode(7). */
const TYPES: ReadonlyMap<number, Stat['type']> = new Map([
  [0x8000, 'file'],
  [0x4000, 'directory'],
  [0xa000, 'link'],
]);

const STAT: Tool = { test: 'there', many: 'stats', one: 'stats' };

export function statRequest(path: string): Request<Stat | null> {
  const word = pathWord(path);
  return {
    snippet: `${STAT.one} ${word}`,
    parse: (reply) =>
      reply.code === 0
        ? statLine(reply.stdout.subarray(0, LINE).toString().trim())
        : missingOr(`reading the status of ${path}`, reply),
    joint: { tool: STAT, word, parse: statLine, absent: null },
  };
}

/** Parses a line of `STAT_FORMAT`. */
export function statLine(line: string): Stat {
  const [size = '', mode = '', uid = '', gid = '', owner = '', group = ''] = line.replace('/', ':').split(':', 6);
  const bits = Number.parseInt(mode, 16);
  return {
    type: TYPES.get(bits & 0xf000) ?? 'other',
    mode: (bits & 0o7777).toString(8).padStart(4, '0'),
    uid: Number(uid),
    gid: Number(gid),
    owner: owner === 'UNKNOWN' ? uid : owner,
    group: group === 'UNKNOWN' ? gid : group,
    size: Number(size),
  };
}

const SHA256_CHARS = 64;

const DIGESTS: Tool = { test: 'regular', many: 'large_digests', small: 'digests', one: 'digest' };

/** Bytes; the limit of `large_digests`. */
const SMALL = 1_000_000;

/** A large file with a recently computed digest. */
export interface Whole {
  /** Inode, size and change time: other content never has all of them. */
  readonly identity: string;
  readonly sha256: string;
}

/** `stat` format of a file's identity; without nanoseconds on hosts that do not support them. */
export const IDENTITY_FORMAT = '%i:%s:%.9Z';

/** Earlier knowledge about a file. */
export interface Seen {
  /** The content is not read again while the identity is the same. */
  readonly whole?: Whole | undefined;
  /** Bytes at the last reading. */
  readonly size?: number | undefined;
}

export function sha256Request(path: string, { whole: known, size }: Seen = {}): Request<string | null> {
  const word = pathWord(path);
  const read = `${DIGESTS.one} ${word}`;
  return {
    snippet:
      known === undefined
        ? read
        : `if [ "$(stat -L -c ${IDENTITY_FORMAT} ${word} 2>/dev/null)" = ${known.identity} ]; then echo ${known.sha256} -; else ${read}; fi`,
    parse(reply) {
      if (reply.code !== 0) return missingOr(`reading ${path}`, reply);
      const [digest = ''] = reply.stdout.subarray(0, LINE).toString().split(' ', 1);
      return digest === '' ? null : digest;
    },
    ...(known !== undefined || /[\n\\]/.test(path)
      ? {}
      : {
          joint: {
            tool: DIGESTS,
            word,
            small: size !== undefined && size < SMALL,
            parse: (line: string) => line.slice(0, SHA256_CHARS),
            absent: null,
          },
        }),
  };
}

export function fileRequest(path: string, limit: number): Request<Buffer | null> {
  const word = pathWord(path);
  return {
    snippet: `if [ -f ${word} ]; then head -c ${limit + 1} <${word}; else stat -L -c %f ${word} >/dev/null && exit 64; fi`,
    parse(reply) {
      if (reply.code === 64)
        throw new OrchError('NOT_A_FILE', `${path} is not a regular file`, {
          hint: 'move it away or choose another path',
        });
      if (reply.code !== 0) return missingOr(`reading ${path}`, reply);
      if (reply.stdout.length > limit)
        throw new OrchError('FILE_TOO_LARGE', `${path} is larger than ${formatSize(limit)}`, {
          hint: 'compare large files by digest',
        });
      return reply.stdout;
    },
  };
}

export function treeRequest(path: string): Request<Readonly<Record<string, number>> | null> {
  const word = pathWord(path);
  // Ends each entry: a file name may contain any other character, even a newline.
  const mark = randomBytes(8).toString('hex');
  return {
    snippet: `if [ -d ${word} ]; then cd ${word} && find . -type f -exec stat -c '%s/%n/${mark}' {} +; else stat -L -c %f ${word} >/dev/null && exit 64; fi`,
    parse(reply) {
      if (reply.code === 64)
        throw new OrchError('NOT_A_DIRECTORY', `${path} is not a directory`, {
          hint: 'move it away or choose another path',
        });
      if (reply.code !== 0) return missingOr(`listing ${path}`, reply);
      if (reply.stdout.length > LIMITS.directory.bytes)
        throw new OrchError(
          'REPLY_TOO_LARGE',
          `${path}: ${LIMITS.directory.what} is longer than ${formatSize(LIMITS.directory.bytes)}`,
          {
            hint: TOO_LARGE_HINT,
          },
        );
      const entries = reply.stdout.toString().split(`/${mark}\n`).slice(0, -1);
      return Object.fromEntries(entries.map(treeEntry));
    },
  };
}

function treeEntry(entry: string): readonly [string, number] {
  const slash = entry.indexOf('/');
  return [entry.slice(slash + './'.length + 1), Number(entry.slice(0, slash))];
}

export function freeBytesRequest(path: string): Request<number> {
  const candidates = [posix.normalize(path)];
  for (let last = candidates[0] ?? '/'; posix.dirname(last) !== last; last = candidates.at(-1) ?? '/')
    candidates.push(posix.dirname(last));
  return {
    snippet: `for d in ${candidates.map(pathWord).join(' ')}; do [ -e "$d" ] && break; done; df -Pk "$d"`,
    parse(reply) {
      // Columns: file system, blocks, used, available, capacity; the first one may contain spaces.
      const available = /\s\d+\s+\d+\s+(-?\d+)\s+\d+%\s/.exec(reply.stdout.subarray(0, LINE).toString())?.[1];
      if (reply.code !== 0 || available === undefined)
        throw shellFault(`asking the free space at ${path}`, reply.code, reply.stderr);
      return Math.max(0, Number(available)) * 1024;
    },
  };
}

function missingOr(doing: string, reply: Reply): null {
  if (saysMissing(reply.stderr)) return null;
  throw shellFault(doing, reply.code, reply.stderr);
}
