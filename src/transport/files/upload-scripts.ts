import { quote } from '../../core/base/argv.ts';
import { besidePath, ENDINGS } from '../../core/host/leftover-names.ts';
import { pathWord } from '../read/read-requests.ts';
import { CORRUPT, OVERTAKEN } from '../shell/write-functions.ts';
import { nowWithIdentity, type Owned, ownScript, placeScript, temporaryName } from './write-scripts.ts';

/** Exit code of our own: the stream ended before the file was whole. What came of it is kept. */
export const CUT = 93;

/** What an upload is to become. */
export interface UploadTarget extends Owned {
  readonly path: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Named after its content, so that the next attempt, or the next run, finds what has come of just this file. */
const partName = ({ path, sha256 }: UploadTarget): string => besidePath(path, `${sha256.slice(0, 12)}.${ENDINGS.part}`);

/** Of each digit one: a longer file name's parts do not match. */
const anyPart = (path: string): string =>
  `${pathWord(besidePath(path, ''))}${'[0-9a-f]'.repeat(12)}${quote(`.${ENDINGS.part}`)}`;

/**
 * sha256sum is written for every processor alike. openssl uses the processor's own instructions and is several times as
 * fast, where it is installed; what it does not find whole is looked at by the other before it is given up.
 */
const digestScript = (sha256: string): readonly string[] => [
  'quick=',
  'if command -v openssl >/dev/null 2>&1; then quick=1; fi',
  'summed() { if [ "$quick" ]; then openssl dgst -sha256 -r 2>/dev/null; else sha256sum; fi; }',
  `right() { case $sum in ${quote(sha256)}*) return 0 ;; esac; return 1; }`,
  'whole() {',
  '  sum=$(summed <"$1") || sum=',
  '  right && return 0',
  '  [ "$quick" ] || return 1',
  '  sum=$(sha256sum <"$1")',
  '  right',
  '}',
];

/** Made for nobody else's eyes. */
const privately = (target: UploadTarget): readonly string[] => [
  'set -eu',
  placeScript(target.path, partName(target)),
  'umask 077',
];

/** Removes what uploads of other content left of this target. @example rm -rf '/opt/.a.'[0-9a-f]…'.api7-orch-part' */
export const sweepScript = (path: string): string =>
  `for o in ${anyPart(path)}; do if [ "$o" != "\${t-}" ]; then drop "$o"; fi; done`;

/**
 * Says on stderr what is there already: `at N` when N bytes have come, and `same size` when the target is as long as the
 * file. A part is trusted only if nobody but this user can have written it; all others of the same target are removed.
 */
export function resumeScript(target: UploadTarget): string {
  const { path, size } = target;
  return [
    ...privately(target),
    sweepScript(path),
    `drop ${pathWord(temporaryName(path))}`,
    'at=0',
    // A regular file of mode 0600 with one name.
    'if [ ! -L "$t" ] && [ -f "$t" ] && [ -O "$t" ]; then',
    '  case $(stat -c %f:%h:%s "$t") in 8180:1:*) at=$(stat -c %s "$t") ;; esac',
    'fi',
    `if [ "$at" = 0 ] || [ "$at" -gt ${size} ]; then at=0; drop "$t"; fi`,
    'echo "at $at" >&2',
    'if [ -f "$p" ] && [ ! -L "$p" ]; then',
    `  if [ "$(stat -c %s "$p")" = ${size} ]; then echo "same size" >&2; fi`,
    'fi',
  ].join('\n');
}

/** Says on stderr whether the target is the file already, `whole`: then it has its owner and mode, and no part is left. */
export function wholeScript(target: UploadTarget): string {
  return [
    ...privately(target),
    ...digestScript(target.sha256),
    'whole "$p" || exit 0',
    'hold "$p"',
    ownScript(target),
    'drop "$t"',
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
  'h=/proc/self/fd/3',
  'alone() {',
  '  found=',
  '  for other in /proc/[0-9]*; do',
  '    if [ "$other" != "/proc/$$" ] && [ "$other/fd/3" -ef /proc/self/fd/3 ]; then',
  `      kill -s TERM "\${other#/proc/}" 2>/dev/null || :`,
  '      found=1',
  '    fi',
  '  done',
  '  [ ! "$found" ]',
  '}',
  'i=0',
  `until alone; do [ $i -lt 50 ] || exit ${OVERTAKEN}; i=$((i + 1)); sleep 0.1 2>/dev/null || sleep 1; done`,
  'still_mine',
  // Moves the position that is shared with this shell; reads nothing.
  `dd bs=1 skip=${at} count=0 <&3 2>/dev/null`,
  `filled ${at} || exit ${CORRUPT}`,
];

const MIB = 1024 * 1024;

/** From this size on it is worth a program that reads and flushes a file while it is still coming. */
const LARGE = 16 * MIB;

/** As many MiB are read at once: fewer, and the programs that do it show. */
const STRIDE = 16;

/**
 * Takes what comes by a program beside, `w`, and makes the digest of what is there already. Once that one has ended, also
 * as a child that nobody has asked about yet, the position in the file is the last one. Reading in strides costs less than
 * a pipe beside the stream, and the disk has its time, too.
 */
const followScript: readonly string[] = [
  'follow() {',
  '  n=0',
  '  state=',
  '  while [ "$state" != Z ]; do',
  '    { read -r x x state x </proc/"$w"/stat; } 2>/dev/null || state=Z',
  '    read -r x pos </proc/self/fdinfo/3',
  `    more=$((pos / ${MIB} - n))`,
  `    if [ "$state" != Z ]; then`,
  `      if [ "$more" -lt ${STRIDE} ]; then sleep 0.1 2>/dev/null || sleep 1; continue; fi`,
  '      dd conv=fdatasync </dev/null >&3 2>/dev/null || :',
  '    fi',
  `    dd bs=${MIB} skip="$n" count="$more" </proc/self/fd/3 2>/dev/null`,
  '    n=$((n + more))',
  '  done',
  `  tail -c +$((n * ${MIB} + 1)) </proc/self/fd/3`,
  '}',
  // What runs in the background is given nothing to read, unless it is said.
  'exec 6<&0',
  'cat <&6 >&3 & w=$!',
  'sum=$(follow | summed) || sum=',
  'wait "$w" || st=$?',
];

/**
 * Takes the rest of a file from stdin, from byte `at` on. Ends with `CUT`, and keeps what came, if that is not all of
 * it; with `CORRUPT` or `OVERTAKEN` nothing is left and nothing was changed.
 *
 * `alone`: no other upload is under way, so the host is what all wait for, and makes the digest meanwhile. Else it is the
 * controller, and reading the file when all is there costs the host a third less than the pipe to what makes the digest.
 */
export function receiveScript(target: UploadTarget, at: number, { alone }: { readonly alone: boolean }): string {
  const { sha256, size } = target;
  return [
    ...privately(target),
    ...digestScript(sha256),
    'keep=',
    `trap 'if [ ! "$keep" ] && mine; then rm -f "$t"; fi' EXIT`,
    "trap 'keep=1; exit 1' HUP INT PIPE",
    `trap 'keep=1; exit ${OVERTAKEN}' TERM`,
    ...(at === 0 ? ['create'] : adopt(at)),
    'st=0',
    'sum=',
    ...(alone && size - at >= LARGE ? followScript : ['cat >&3 || st=$?']),
    // Above 128 a signal ended it.
    'if [ "$st" != 0 ]; then [ "$st" -lt 128 ] || keep=1; exit 1; fi',
    `filled ${size} || { keep=1; exit ${CUT}; }`,
    // The disk works while the digest is made.
    'flush "$t" &',
    `right || whole /proc/self/fd/3 || st=${CORRUPT}`,
    'wait $!',
    '[ "$st" = 0 ] || exit "$st"',
    'still_mine',
    ownScript(target),
    'settle',
    nowWithIdentity('"$p"'),
  ].join('\n');
}
