import { posix } from 'node:path';
import { quote } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Ownership } from '../../core/host/connection.ts';
import { besidePath, ENDINGS } from '../../core/host/leftover-names.ts';
import { IDENTITY_FORMAT, pathWord } from '../read/read-requests.ts';
import { STAT_FORMAT } from '../shell/read-functions.ts';
import { BY_STDIN, CORRUPT } from '../shell/write-functions.ts';

export interface Owned extends Ownership {
  /** Whoever runs the script is this owner and has this group: a new file is theirs without a program's help. */
  readonly ours?: boolean;
}

const who = ({ owner, group }: Owned): string => quote(`${owner}:${group}`);
const oursWord = ({ ours = false }: Owned): string => (ours ? 'ours' : "''");

/** In five digits: by four chmod takes no set-group-ID bit from a directory, and a new one may have it of its parent. */
const allBits = ({ mode }: Owned): string => quote(mode.padStart(5, '0'));

/** Gives owner and mode to what is held: the new file that is being written, or what `hold` has opened. */
export const ownScript = (owned: Owned): string => `own ${who(owned)} ${allBits(owned)} ${oursWord(owned)}`;

/**
 * The mode with which something new is made. As long as its group is not the final one, group and others may do with it
 * only what both may in the end.
 */
function firstBits(owned: Owned): number {
  const bits = bitsOf(owned);
  const both = (bits >> 3) & bits & 0o7;
  return (bits & 0o700) | (both << 3) | both;
}

/** What a new file is not made with. Its group is the final one where that is ours, and the directory hands down no other. */
function maskScript(owned: Owned): readonly string[] {
  const bits = bitsOf(owned);
  const first = firstBits(owned);
  const mask = (of: number): string => `umask ${(0o777 & ~of).toString(8).padStart(3, '0')}`;
  const later = owned.ours === true && first !== (bits & 0o777);
  return [mask(first), ...(later ? [`[ ! -G "$d" ] || ${mask(bits)}`] : [])];
}

function bitsOf({ mode }: Owned): number {
  if (/^[0-7]{3,5}$/.test(mode)) return Number.parseInt(mode, 8);
  throw new OrchError('MODE_INVALID', `"${mode}" is not a mode`, { hint: 'write octal digits, for example 0640' });
}

/** How an upload says how the file stands, and what tells it from any other. */
export const nowWithIdentity = (word: string): string =>
  `stat -c ${quote(`identity ${IDENTITY_FORMAT}\nnow ${STAT_FORMAT}`)} ${word} >&2 || :`;

/** What a script has said of how a path stands now; undefined: nothing. */
export const saidNow = (stderr: string): string | undefined => /^now (.+)$/m.exec(stderr)?.[1];

/** Likewise its identity. A host without nanoseconds cannot tell two contents of one moment apart. */
export const saidIdentity = (stderr: string): string | undefined =>
  /^identity (\d+:\d+:\d+\.\d{9})$/m.exec(stderr)?.[1];

/** Where a file is written before it takes its final name: fixed, so that a later run finds what a killed one left. */
export const temporaryName = (path: string): string => besidePath(path, ENDINGS.fresh);

/** Where the file goes and under what name it is made. */
export const placeScript = (path: string, temporary: string): string =>
  `place ${[path, temporary, posix.dirname(path)].map(pathWord).join(' ')}`;

/** What the file is to hold. */
export interface Expected {
  /** Bytes. */
  readonly size: number;
  /** The content itself, where the shell is to print it; otherwise it comes by stdin. */
  readonly text?: string;
  /** Where the content is known by its digest only, as a file's is: it may have changed since. */
  readonly sha256?: string;
}

/**
 * Writes a file. Ends with `CORRUPT`, `OVERTAKEN` or `BY_STDIN`, and then has changed nothing.
 *
 * That every byte was written is seen by the position in the file. That they are the bytes that were sent is seen to by
 * SSH, which authenticates its stream, and by whoever reads the file back.
 */
export function putScript(path: string, { size, text, sha256 }: Expected, owned: Owned): string {
  const bits = (0o100000 | bitsOf(owned)).toString(16);
  return [
    'set -eu',
    placeScript(path, temporaryName(path)),
    ...maskScript(owned),
    'begin',
    text === undefined ? 'cat >&3' : `print ${quote(text)}`,
    `filled ${size} || exit ${text === undefined ? CORRUPT : BY_STDIN}`,
    ...(sha256 === undefined
      ? []
      : ['sum=$(sha256sum </proc/self/fd/3)', `[ "\${sum%% *}" = ${quote(sha256)} ] || exit ${CORRUPT}`]),
    'flush "$t"',
    'still_mine',
    `own_new ${who(owned)} ${quote(owned.mode)} ${bits} ${oursWord(owned)}`,
    'settle',
    'tell',
  ].join('\n');
}

/** What a swap compares: digests, '' for no file. */
export interface Compared {
  readonly from: string;
  readonly to: string;
}

/**
 * The script `change`, carried out only while the file has the content that it must have. Ends with `OTHER_CONTENT` or `LOCKED`,
 * and then has changed nothing.
 */
export const swapScript = (path: string, { from, to }: Compared, change: string): string =>
  [
    'set -eu',
    placeScript(path, temporaryName(path)),
    'locked',
    `if swapped ${quote(from)} ${quote(to)}; then exit 0; fi`,
    change,
  ].join('\n');

/** Removes a file, and has that on the disk. */
export const dropScript = (path: string): string =>
  ['set -eu', placeScript(path, temporaryName(path)), 'rm -f "$p"', 'flush "$d"'].join('\n');

/** Characters that every shell carries in its words as they are, and no more than it holds with ease. */
const PRINTABLE = /^[\t\n\x20-\x7e]*$/;
const PRINTED = 32_768;

/** The text that a shell may print itself: two programs fewer for the host to start. */
export function printable(bytes: Uint8Array): string | undefined {
  if (bytes.length > PRINTED) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return PRINTABLE.test(text) ? text : undefined;
}

export function directoryScript(path: string, owned: Owned): string {
  const parent = posix.dirname(posix.normalize(path));
  const first = owned.ours === true ? owned.mode : firstBits(owned).toString(8).padStart(4, '0');
  const words = [pathWord(path), pathWord(parent), who(owned), allBits(owned)];
  return `set -eu\ndirectory ${[...words, quote(first), quote(standsAs(0o040000, owned))].join(' ')}`;
}

/** A shell's pattern of what `STAT_FORMAT` says of a path of this type with this owner and mode. */
function standsAs(type: number, owned: Owned): string {
  const { owner, group } = owned;
  const ids = [owner, group].map((each) => (typeof each === 'number' ? `${each}` : '*'));
  const names = [owner, group].map((each) => (typeof each === 'number' ? '*' : escaped(each)));
  return `*/${(type | bitsOf(owned)).toString(16)}:${[...ids, ...names].join(':')}`;
}

const escaped = (name: string): string => name.replace(/[\\*?[\]]/g, '\\$&');

export const modeScript = (path: string, owned: Owned): string =>
  ['set -eu', `hold ${pathWord(path)}`, ownScript(owned), `look ${pathWord(path)}`, 'tell'].join('\n');

export const removeScript = (path: string): string => `rm -rf ${pathWord(path)}`;
