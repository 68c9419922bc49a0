import { posix } from 'node:path';
import { quote } from '../core/argv.ts';
import type { Ownership } from '../core/connection.ts';
import { pathWord } from './read-requests.ts';

/** Exit code of our own: what arrived is not what was sent. */
export const CORRUPT = 91;
/** Somebody else, such as a later run, has taken the temporary name meanwhile. */
export const OVERTAKEN = 92;

/** True while the temporary name still stands for the file that this script opened. */
export const MINE = '[ "$t" -ef /proc/self/fd/3 ]';

/** `set -e` ends a script at its first failing tool, whose words are then the last on stderr. */
export const HEAD = ['export LC_ALL=C', 'set -eu'];

/** Owner first: changing it clears set-id bits of the mode. */
export function ownScript(word: string, { owner, group, mode }: Ownership): readonly string[] {
  return [`chown ${quote(`${owner}:${group}`)} ${word}`, `chmod ${quote(mode)} ${word}`];
}

/** Where a file is written before it takes its final name: fixed, so that a later run finds what a killed one left. */
export const temporaryName = (path: string): string =>
  posix.join(posix.dirname(path), `.${posix.basename(path)}.api7-orch-new`);

/** Where the file goes and under what name it is made, for nobody else's eyes. */
export const placeScript = (path: string, temporary: string): readonly string[] => [
  `t=${pathWord(temporary)}`,
  `p=${pathWord(path)}`,
  'umask 077',
  '[ ! -d "$p" ] || [ -L "$p" ] || { echo "$p: is a directory" >&2; exit 1; }',
];

/** noclobber opens with O_EXCL: nobody's link in a shared directory is followed. */
export const createScript: readonly string[] = ['rm -rf "$t"', 'set -C', 'exec 3>"$t"', 'set +C'];

/** Flushes what is complete under the temporary name, gives it its owner and mode, and then its final name. */
export function settleScript(path: string, owned: Ownership): readonly string[] {
  return [
    // A write whose connection was lost may still be ending while the next run writes the same file.
    `${MINE} || exit ${OVERTAKEN}`,
    'sync "$t" 2>/dev/null || sync',
    ...ownScript('"$t"', owned),
    // -T: a link to a directory is replaced, not followed. busybox refuses such a link even so, and an old mv knows no -T.
    'if ! mv -fT "$t" "$p" 2>/dev/null; then',
    '  if [ -L "$p" ] && [ -d "$p" ]; then rm -f "$p"; fi',
    '  mv -f "$t" "$p"',
    'fi',
    `sync ${pathWord(posix.dirname(path))} 2>/dev/null || sync`,
  ];
}

/** Takes a file's content from stdin. Ends with `CORRUPT` or `OVERTAKEN`, and then has changed nothing. */
export function putScript(path: string, sha256: string, owned: Ownership): string {
  return [
    ...HEAD,
    ...placeScript(path, temporaryName(path)),
    'rm -rf "$t"',
    // Not `trap … EXIT` alone: not every shell runs that one when a signal ends it.
    `trap 'if ${MINE}; then rm -f "$t"; fi' EXIT`,
    "trap 'exit 1' HUP INT TERM PIPE",
    ...createScript,
    'cat >&3',
    'sum=$(sha256sum </proc/self/fd/3)',
    `[ "\${sum%% *}" = ${quote(sha256)} ] || exit ${CORRUPT}`,
    ...settleScript(path, owned),
  ].join('\n');
}

export function directoryScript(path: string, owned: Ownership): string {
  const word = pathWord(path);
  return [
    ...HEAD,
    'umask 022',
    `if [ ! -d ${word} ]; then`,
    `  mkdir -p ${pathWord(posix.dirname(posix.normalize(path)))}`,
    // Closed until its mode is set; somebody else may have made it in the meantime.
    `  mkdir -m 0700 ${word} || [ -d ${word} ]`,
    'fi',
    ...ownScript(word, owned),
  ].join('\n');
}

export const modeScript = (path: string, owned: Ownership): string =>
  [...HEAD, ...ownScript(pathWord(path), owned)].join('\n');

export const removeScript = (path: string): string => [...HEAD, `rm -rf ${pathWord(path)}`].join('\n');
