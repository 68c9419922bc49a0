import { posix } from 'node:path';
import { quote } from '../core/argv.ts';
import type { Ownership } from '../core/connection.ts';
import { OrchError } from '../core/errors.ts';
import { IDENTITY_FORMAT, pathWord, STAT_FORMAT } from './read-requests.ts';

/** Exit code of our own: what arrived is not what was sent. */
export const CORRUPT = 91;
/** Somebody else, such as a later run, has taken the temporary name meanwhile. */
export const OVERTAKEN = 92;

/** The shell cannot print the content by itself, or could not: it is to come by stdin instead. */
export const BY_STDIN = 94;

/** True while the temporary name still stands for the file that this script opened. */
export const MINE = '[ "$t" -ef /proc/self/fd/3 ]';

/** `set -e` ends a script at its first failing tool, whose words are then the last on stderr. */
export const HEAD = ['export LC_ALL=C', 'set -eu'];

export interface Owned extends Ownership {
  /** Whoever runs the script is this owner and has this group: a new file is theirs without a program's help. */
  readonly ours?: boolean;
}

function chownScript(word: string, { owner, group, ours = false }: Owned): string {
  const chown = `chown ${quote(`${owner}:${group}`)} ${word}`;
  // A directory may hand down its own group.
  return ours ? `{ [ -O ${word} ] && [ -G ${word} ]; } || ${chown}` : chown;
}

const chmodScript = (word: string, { mode }: Owned): string => `chmod ${quote(mode)} ${word}`;

/** Owner first: changing it clears set-id bits of the mode. */
export const ownScript = (word: string, owned: Owned): readonly string[] => [
  chownScript(word, owned),
  chmodScript(word, owned),
];

/**
 * The same of a file that was made with the mode that it is to have, as far as a mask can do that. `now` is then how it
 * stands: only where it differs (set-id bits, x bits, an access list of its directory) is a program started for the mode.
 */
const ownNewScript = (word: string, owned: Owned): readonly string[] => {
  const bits = (0o100000 | bitsOf(owned)).toString(16);
  const look = `now=$(stat -c ${STAT_FORMAT} ${word})`;
  return [
    chownScript(word, owned),
    look,
    `case $now in */${bits}:*) ;; *) ${chmodScript(word, owned)}; ${look} ;; esac`,
  ];
};

/**
 * What a new file is not made with. As long as its group is not the final one, group and others may do with it only what
 * both may with the finished one. It is the final one where that is ours, and the directory has no other to hand down.
 */
function maskScript(path: string, owned: Owned): readonly string[] {
  const bits = bitsOf(owned);
  const both = (bits >> 3) & bits & 0o7;
  const first = (bits & 0o700) | (both << 3) | both;
  const mask = (of: number): string => `umask ${(0o777 & ~of).toString(8).padStart(3, '0')}`;
  const later = owned.ours === true && first !== (bits & 0o777);
  return [mask(first), ...(later ? [`[ ! -G ${pathWord(posix.dirname(path))} ] || ${mask(bits)}`] : [])];
}

function bitsOf({ mode }: Owned): number {
  if (/^[0-7]{3,5}$/.test(mode)) return Number.parseInt(mode, 8);
  throw new OrchError('MODE_INVALID', `"${mode}" is not a mode`, { hint: 'write octal digits, for example 0640' });
}

/** Ends a script that wrote something: how it stands now, for who asks next. It costs no further script, and no way there. */
const nowScript = (word: string): string => `stat -c ${quote(`now ${STAT_FORMAT}`)} ${word} >&2 || :`;

/** The same of an upload, and what tells the file from any other. */
export const nowWithIdentity = (word: string): string =>
  `stat -c ${quote(`identity ${IDENTITY_FORMAT}\nnow ${STAT_FORMAT}`)} ${word} >&2 || :`;

/** What such a script has said of it; undefined: nothing. */
export const saidNow = (stderr: string): string | undefined => /^now (.+)$/m.exec(stderr)?.[1];

/** Likewise its identity. A host without nanoseconds cannot tell two contents of one moment apart. */
export const saidIdentity = (stderr: string): string | undefined =>
  /^identity (\d+:\d+:\d+\.\d{9})$/m.exec(stderr)?.[1];

/** Where a file is written before it takes its final name: fixed, so that a later run finds what a killed one left. */
export const temporaryName = (path: string): string =>
  posix.join(posix.dirname(path), `.${posix.basename(path)}.api7-orch-new`);

/** Where the file goes and under what name it is made; by default for nobody else's eyes. */
export const placeScript = (
  path: string,
  temporary: string,
  mask: readonly string[] = ['umask 077'],
): readonly string[] => [
  `t=${pathWord(temporary)}`,
  `p=${pathWord(path)}`,
  ...mask,
  '[ ! -d "$p" ] || [ -L "$p" ] || { echo "$p: is a directory" >&2; exit 1; }',
];

/** Removes what may be there. To start a program for nothing costs a host more than to look. */
export const clearScript = (word: string): string => `if [ -e ${word} ] || [ -L ${word} ]; then rm -rf ${word}; fi`;

/** noclobber opens with O_EXCL: nobody's link in a shared directory is followed. */
export const createScript: readonly string[] = [clearScript('"$t"'), 'set -C', 'exec 3>"$t"', 'set +C'];

/** Flushes what was written to the temporary name. */
export const FLUSH = 'sync "$t" 2>/dev/null || sync';

/** Gives what is complete and flushed under the temporary name its owner and mode (`own`), and then its final name. */
export function settleScript(path: string, own: readonly string[]): readonly string[] {
  return [
    // A write whose connection was lost may still be ending while the next run writes the same file.
    `${MINE} || exit ${OVERTAKEN}`,
    ...own,
    // -T: a link to a directory is replaced, not followed. busybox refuses such a link even so, and an old mv knows no -T.
    'if ! mv -fT "$t" "$p" 2>/dev/null; then',
    '  if [ -L "$p" ] && [ -d "$p" ]; then rm -f "$p"; fi',
    '  mv -f "$t" "$p"',
    'fi',
    `sync ${pathWord(posix.dirname(path))} 2>/dev/null || sync`,
  ];
}

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
 * That every byte was written is seen by the position in the file, which the kernel tells without a program's help. That
 * they are the bytes that were sent is seen to by SSH, which authenticates its stream, and by whoever reads the file back.
 */
export function putScript(path: string, { size, text, sha256 }: Expected, owned: Owned): string {
  // Only a shell that prints by itself: a program's words would stand in the process list.
  const print = (all: string): string =>
    `PATH=/ command -v printf >/dev/null 2>&1 && printf %s ${quote(all)} >&3 2>/dev/null || exit ${BY_STDIN}`;
  return [
    ...HEAD,
    ...placeScript(path, temporaryName(path), maskScript(path, owned)),
    // Not `trap … EXIT` alone: not every shell runs that one when a signal ends it.
    `trap 'if ${MINE}; then rm -f "$t"; fi' EXIT`,
    "trap 'exit 1' HUP INT TERM PIPE",
    ...createScript,
    text === undefined ? 'cat >&3' : print(text),
    'read -r w pos </proc/self/fdinfo/3',
    `[ "$pos" = ${size} ] || exit ${text === undefined ? CORRUPT : BY_STDIN}`,
    ...(sha256 === undefined
      ? []
      : ['sum=$(sha256sum </proc/self/fd/3)', `[ "\${sum%% *}" = ${quote(sha256)} ] || exit ${CORRUPT}`]),
    FLUSH,
    ...settleScript(path, ownNewScript('"$t"', owned)),
    // Not echo: a backslash may stand in a name of a Windows domain.
    `printf 'now %s\\n' "$now" >&2`,
  ].join('\n');
}

/** Characters that every shell carries in its words as they are, and no more than it holds with ease. */
const PRINTABLE = /^[\t\n\x20-\x7e]{0,32768}$/;

/** The text that a shell may print itself: two programs fewer for the host to start. */
export function printable(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 32769)).toString('latin1');
  return PRINTABLE.test(text) ? text : undefined;
}

export function directoryScript(path: string, owned: Owned): string {
  const word = pathWord(path);
  const parent = pathWord(posix.dirname(posix.normalize(path)));
  return [
    ...HEAD,
    'umask 022',
    'made=',
    `if [ ! -d ${word} ]; then`,
    `  [ -d ${parent} ] || mkdir -p ${parent}`,
    ...(owned.ours === true
      ? // Made as it is to be, with no program beside; a directory may hand down its own group.
        [`  if mkdir -m ${quote(owned.mode)} ${word} && [ -O ${word} ] && [ -G ${word} ]; then made=1; fi`]
      : // Closed until its owner and mode are set.
        [`  mkdir -m 0700 ${word} || :`]),
    // Somebody else may have made it in the meantime.
    `  [ -d ${word} ]`,
    'fi',
    'if [ ! "$made" ]; then',
    ...ownScript(word, owned),
    'fi',
    nowScript(word),
  ].join('\n');
}

export const modeScript = (path: string, owned: Owned): string =>
  [...HEAD, ...ownScript(pathWord(path), owned), nowScript(pathWord(path))].join('\n');

export const removeScript = (path: string): string => [...HEAD, `rm -rf ${pathWord(path)}`].join('\n');
