import { posix } from 'node:path';
import { quote } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Ownership } from '../../core/host/connection.ts';
import { besidePath, ENDINGS } from '../../core/host/leftover-names.ts';
import { IDENTITY_FORMAT, pathWord } from '../read/read-requests.ts';
import { STAT_FORMAT } from '../shell/read-functions.ts';
import { BY_STDIN, CORRUPT } from '../shell/write-functions.ts';

export interface Owned extends Ownership {
  /** The user of the script is this owner and group: a new file needs no chown. */
  readonly ours?: boolean;
}

const who = ({ owner, group }: Owned): string => quote(`${owner}:${group}`);
const oursWord = ({ ours = false }: Owned): string => (ours ? 'ours' : "''");

/**
 * In five digits: with four, chmod does not remove a directory's set-group-ID bit, which a new directory may inherit.
 */
const allBits = ({ mode }: Owned): string => quote(mode.padStart(5, '0'));

/** Sets owner and mode of the held file: the new file, or the one that `hold` has opened. */
export const ownScript = (owned: Owned): string => `own ${who(owned)} ${allBits(owned)} ${oursWord(owned)}`;

/**
 * The mode at creation. Until the group is final, group and others get only the permissions that both have in the end.
 */
function firstBits(owned: Owned): number {
  const bits = bitsOf(owned);
  const both = (bits >> 3) & bits & 0o7;
  return (bits & 0o700) | (both << 3) | both;
}

/** The umask at creation. The group is final at once if it is the user's own and the directory passes down no other. */
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

/** Prints the file's state after an upload, and its identity. */
export const nowWithIdentity = (word: string): string =>
  `stat -c ${quote(`identity ${IDENTITY_FORMAT}\nnow ${STAT_FORMAT}`)} ${word} >&2 || :`;

/** A path's final state as reported by a script; undefined: none. */
export const saidNow = (stderr: string): string | undefined => /^now (.+)$/m.exec(stderr)?.[1];

/** Likewise the identity. A host without nanoseconds cannot distinguish two contents of the same moment. */
export const saidIdentity = (stderr: string): string | undefined =>
  /^identity (\d+:\d+:\d+\.\d{9})$/m.exec(stderr)?.[1];

/** The temporary name of a file: fixed, so that a later run finds the leftover of a killed one. */
export const temporaryName = (path: string): string => besidePath(path, ENDINGS.fresh);

/** Sets the file and its temporary name. */
export const placeScript = (path: string, temporary: string): string =>
  `place ${[path, temporary, posix.dirname(path)].map(pathWord).join(' ')}`;

/** The expected content of the file. */
export interface Expected {
  /** Bytes. */
  readonly size: number;
  /** The content itself, if the shell prints it; otherwise it comes on stdin. */
  readonly text?: string;
  /** Set if the content is known only by its digest (a controller file may have changed since). */
  readonly sha256?: string;
}

/**
 * Writes a file. After `CORRUPT`, `OVERTAKEN` or `BY_STDIN` nothing was changed.
 *
 * The file position shows that all bytes were written. SSH authenticates the bytes on their way, and the confirming
 * read checks the content.
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

/** Digests that a swap compares; '' for no file. */
export interface Compared {
  readonly from: string;
  readonly to: string;
}

/**
 * Runs the script `change` only while the file has the expected content. After `OTHER_CONTENT` or `LOCKED` nothing was
 * changed.
 */
export const swapScript = (path: string, { from, to }: Compared, change: string): string =>
  [
    'set -eu',
    placeScript(path, temporaryName(path)),
    'locked',
    `if swapped ${quote(from)} ${quote(to)}; then exit 0; fi`,
    change,
  ].join('\n');

/** Removes a file and flushes that to the disk. */
export const dropScript = (path: string): string =>
  ['set -eu', placeScript(path, temporaryName(path)), 'rm -f "$p"', 'flush "$d"'].join('\n');

/** Characters that every shell keeps unchanged, in a length that every shell accepts. */
const PRINTABLE = /^[\t\n\x20-\x7e]*$/;
const PRINTED = 32_768;

/** The text, if the shell can print it itself: that saves the host two program starts. */
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

/** A shell pattern for the `STAT_FORMAT` output of a path with this type, owner and mode. */
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
