import { posix } from 'node:path';
import { quote } from '../core/argv.ts';
import { identityCall, pathWord } from './read-requests.ts';
import {
  CORRUPT,
  clearScript,
  createScript,
  FLUSH,
  HEAD,
  MINE,
  OVERTAKEN,
  type Owned,
  ownScript,
  placeScript,
  settleScript,
  temporaryName,
} from './write-scripts.ts';

/** Exit code of our own: the stream ended before the file was whole. What came of it is kept. */
export const CUT = 93;

/** What an upload is to become. */
export interface UploadTarget extends Owned {
  readonly path: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

const beside = (path: string, end: string): string =>
  posix.join(posix.dirname(path), `.${posix.basename(path)}.${end}`);

/** Named after its content, so that the next attempt, or the next run, finds what has come of just this file. */
const partName = ({ path, sha256 }: UploadTarget): string => beside(path, `${sha256.slice(0, 12)}.api7-orch-part`);

/** Of each digit one: a longer file name's parts do not match. */
const anyPart = (path: string): string =>
  `${pathWord(beside(path, ''))}${'[0-9a-f]'.repeat(12)}${quote('.api7-orch-part')}`;

/**
 * sha256sum is written for every processor alike. openssl uses the processor's own instructions and is several times as
 * fast, where it is installed; what it does not find whole is looked at by the other before it is given up.
 */
const digestScript = (sha256: string): readonly string[] => [
  'quick=',
  'if command -v openssl >/dev/null 2>&1; then quick=1; fi',
  'whole() {',
  '  if [ "$quick" ]; then',
  '    sum=$(openssl dgst -sha256 -r <"$1" 2>/dev/null) || sum=',
  `    case $sum in ${quote(sha256)}*) return 0 ;; esac`,
  '  fi',
  '  sum=$(sha256sum <"$1")',
  `  case $sum in ${quote(sha256)}*) return 0 ;; esac`,
  '  return 1',
  '}',
];

/** Removes what uploads of other content left of this target. @example rm -rf '/opt/.a.'[0-9a-f]…'.api7-orch-part' */
export const sweepScript = (path: string): string =>
  `for o in ${anyPart(path)}; do if [ "$o" != "\${t-}" ]; then ${clearScript('"$o"')}; fi; done`;

/**
 * Says on stderr what is there already: `at N` when N bytes have come, and `same size` when the target is as long as the
 * file. A part is trusted only if nobody but this user can have written it; all others of the same target are removed.
 */
export function resumeScript(target: UploadTarget): string {
  const { path, size } = target;
  return [
    ...HEAD,
    ...placeScript(path, partName(target)),
    sweepScript(path),
    clearScript(pathWord(temporaryName(path))),
    'at=0',
    // A regular file of mode 0600 with one name.
    'if [ ! -L "$t" ] && [ -f "$t" ] && [ -O "$t" ]; then',
    '  case $(stat -c %f:%h:%s "$t") in 8180:1:*) at=$(stat -c %s "$t") ;; esac',
    'fi',
    `if [ "$at" = 0 ] || [ "$at" -gt ${size} ]; then at=0; ${clearScript('"$t"')}; fi`,
    'echo "at $at" >&2',
    'if [ -f "$p" ] && [ ! -L "$p" ]; then',
    `  if [ "$(stat -c %s "$p")" = ${size} ]; then echo "same size" >&2; fi`,
    'fi',
  ].join('\n');
}

/** Says on stderr whether the target is the file already, `whole`: then it has its owner and mode, and no part is left. */
export function wholeScript(target: UploadTarget): string {
  const { path, sha256 } = target;
  return [
    ...HEAD,
    ...placeScript(path, partName(target)),
    ...digestScript(sha256),
    'whole "$p" || exit 0',
    ...ownScript('"$p"', target),
    clearScript('"$t"'),
    'echo whole >&2',
  ].join('\n');
}

/**
 * Opens what has come of the file and ends whoever still writes it: a connection that is lost here may live on there
 * for minutes. Opened first and then looked round, so that of two that do this at once at most one goes on.
 */
const adopt = (at: number): readonly string[] => [
  `[ ! -L "$t" ] && [ -f "$t" ] || exit ${OVERTAKEN}`,
  'exec 3<>"$t"',
  'alone() {',
  '  found=',
  '  for d in /proc/[0-9]*; do',
  '    if [ "$d" != "/proc/$$" ] && [ "$d/fd/3" -ef /proc/self/fd/3 ]; then',
  `      kill -s TERM "\${d#/proc/}" 2>/dev/null || :`,
  '      found=1',
  '    fi',
  '  done',
  '  [ ! "$found" ]',
  '}',
  'i=0',
  `until alone; do [ $i -lt 50 ] || exit ${OVERTAKEN}; i=$((i + 1)); sleep 0.1 2>/dev/null || sleep 1; done`,
  `${MINE} || exit ${OVERTAKEN}`,
  // Moves the position that is shared with this shell; reads nothing.
  `dd bs=1 skip=${at} count=0 <&3 2>/dev/null`,
  'read -r w pos </proc/self/fdinfo/3',
  `[ "$pos" = ${at} ] || exit ${CORRUPT}`,
];

/**
 * Takes the rest of a file from stdin, from byte `at` on. Ends with `CUT`, and keeps what came, if that is not all of
 * it; with `CORRUPT` or `OVERTAKEN` nothing is left and nothing was changed.
 *
 * With openssl the digest is made when all is there: reading a file that is still in memory costs a third less than a pipe
 * beside the stream. sha256sum is slow enough to be worth the pipe, for it then works while the network does.
 */
export function receiveScript(target: UploadTarget, at: number): string {
  const { path, sha256, size } = target;
  return [
    ...HEAD,
    ...placeScript(path, partName(target)),
    ...digestScript(sha256),
    'keep=',
    `trap 'if [ ! "$keep" ] && ${MINE}; then rm -f "$t"; fi' EXIT`,
    "trap 'keep=1; exit 1' HUP INT PIPE",
    `trap 'keep=1; exit ${OVERTAKEN}' TERM`,
    ...(at === 0 ? createScript : adopt(at)),
    'st=0',
    'if [ "$quick" ]; then',
    '  cat >&3 || st=$?',
    'else',
    // Onto fd 3 by its shared position; the pipe has a name only below /proc.
    `  sum=$({ { head -c ${at} </proc/self/fd/3; tee /proc/self/fd/4 >&3 || st=$?; echo "$st" >&5; } 4>&1 | sha256sum; } 5>&1)`,
    `  st=\${sum%%[!0-9]*}`,
    `  sum=\${sum#*'\n'}`,
    'fi',
    // Above 128 a signal ended it.
    'if [ "$st" != 0 ]; then [ "$st" -lt 128 ] || keep=1; exit 1; fi',
    'read -r w pos </proc/self/fdinfo/3',
    `if [ "$pos" != ${size} ]; then`,
    // All came, but not all was written, of which busybox's tee says nothing: its cat says why.
    `  if [ ! "$quick" ] && [ "\${sum%% *}" = ${quote(sha256)} ]; then head -c 1048576 </dev/zero | cat >&3; exit 1; fi`,
    '  keep=1',
    `  exit ${CUT}`,
    'fi',
    // The disk works while the digest is made.
    `{ ${FLUSH}; } &`,
    `if [ "$quick" ] && whole /proc/self/fd/3; then sum=${quote(sha256)}; fi`,
    'wait $!',
    `[ "\${sum%% *}" = ${quote(sha256)} ] || exit ${CORRUPT}`,
    ...settleScript(path, target),
    `echo "identity $(${identityCall('"$p"')})" >&2`,
  ].join('\n');
}
