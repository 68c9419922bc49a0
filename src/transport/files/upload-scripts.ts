import { quote } from '../../core/base/argv.ts';
import { besidePath, ENDINGS } from '../../core/host/leftover-names.ts';
import { pathWord } from '../read/read-requests.ts';
import { CORRUPT, OVERTAKEN } from '../shell/write-functions.ts';
import { nowWithIdentity, type Owned, ownScript, placeScript, temporaryName } from './write-scripts.ts';

/** Own exit code: the stream ended before the file was complete. The received part is kept. */
export const CUT = 93;

/** The target of an upload. */
export interface UploadTarget extends Owned {
  readonly path: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Contains the digest, so that the next attempt or run finds the part of this very file. */
const partName = ({ path, sha256 }: UploadTarget): string => besidePath(path, `${sha256.slice(0, 12)}.${ENDINGS.part}`);

/** One pattern per digit: parts of a longer file name do not match. */
const anyPart = (path: string): string =>
  `${pathWord(besidePath(path, ''))}${'[0-9a-f]'.repeat(12)}${quote(`.${ENDINGS.part}`)}`;

/**
 * sha256sum does not use the processor's own instructions. openssl does, and is several times as fast if installed. If
 * openssl reports a wrong digest, sha256sum checks again before the file is rejected.
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

/** Created without access for other users. */
const privately = (target: UploadTarget): readonly string[] => [
  'set -eu',
  placeScript(target.path, partName(target)),
  'umask 077',
];

/** Removes parts of other content for this target. @example rm -rf '/opt/.a.'[0-9a-f]…'.api7-orch-part' */
export const sweepScript = (path: string): string =>
  `for o in ${anyPart(path)}; do if [ "$o" != "\${t-}" ]; then drop "$o"; fi; done`;

/**
 * Prints on stderr what exists already: `at N` if N bytes have arrived, and `same size` if the target has the file's
 * length. Trusts a part only if no other user can have written it. Removes all other parts of the same target.
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

/** Prints `whole` on stderr if the target is the file already; then also sets owner and mode and removes parts. */
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
 * Opens the received part and ends any process that still writes it: a lost connection may live on at the host for
 * minutes. Opens first and looks for writers then, so that of two concurrent uploads at most one continues.
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
  // Moves the file position, which is shared with this shell; reads nothing.
  `dd bs=1 skip=${at} count=0 <&3 2>/dev/null`,
  `filled ${at} || exit ${CORRUPT}`,
];

const MIB = 1024 * 1024;

/** From this size on, a separate program that reads and flushes the file during the transfer pays off. */
const LARGE = 16 * MIB;

/** MiB per read: smaller reads cost more in program starts. */
const STRIDE = 16;

/**
 * Receives the stream in a background program, `w`, and digests the received part meanwhile. After that program has
 * ended, even as an unreaped child, the file position is final. Reading in strides costs less than a pipe beside the
 * stream, and lets the disk work.
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
  // A background process has no stdin unless it is passed explicitly.
  'exec 6<&0',
  'cat <&6 >&3 & w=$!',
  'sum=$(follow | summed) || sum=',
  'wait "$w" || st=$?',
];

/**
 * Receives the rest of a file from stdin, from byte `at` on. Ends with `CUT` if the rest is incomplete, and keeps the
 * received part. Ends with `CORRUPT` or `OVERTAKEN` without leftovers and without a change.
 *
 * `alone`: no other upload is running, so the host's time counts, and it computes the digest meanwhile. Otherwise the
 * controller's time counts, and the host reads the complete file at the end: that costs the host a third less than a
 * pipe to the digest.
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
    // The disk works while the digest is computed.
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
