import { quote } from '../../core/base/argv.ts';
import { escapedChar } from '../../core/base/safe-text.ts';
import type { LockOwner, LockRecord, LockSession } from '../../core/host/lock.ts';
import { LOCKED } from '../shell/write-functions.ts';
import type { LockPaths } from './fence.ts';

/** Own exit code: the host has no `flock`. */
export const NO_FLOCK = 99;

/**
 * The shell functions of the lock. A reboot clears `$d`; `$e` stays. Descriptor 9 is held while the lock is changed, 8
 * by scripts whose token was checked. Programs are started without both: a hanging program must not keep them.
 */
const FUNCTIONS: readonly string[] = [
  // Reads /proc/PID/stat: `$1` is the parent, `${18}` after it the start time, `$comm` the name.
  `fields() { IFS= read -r x <"/proc/$1/stat" || return 1; comm=\${x#*\\(}; x=\${x##*) }; }`,
  // Finds the sshd process of this connection. Nearest first: the listening sshd is an ancestor too.
  'session() {',
  '  q=$$',
  '  while [ "$q" -gt 1 ] && fields "$q"; do',
  '    set -- $x',
  `    case $comm in sshd* | dropbear*) me="{\\"pid\\":$q,\\"start\\":\${20}}"; return ;; esac`,
  '    q=$2',
  '  done',
  '}',
  // Containers share their kernel's boot id, so the first process of each is compared too.
  'look_around() {',
  '  boot= me=',
  '  if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id; fi',
  `  fields 1 && { set -- $x; boot="$boot-\${20}"; }`,
  '  session',
  // Seconds since the boot: locks of an earlier boot do not count, this clock cannot be set, and reading it needs no
  // program.
  '  read -r now x </proc/uptime',
  `  now=\${now%.*}`,
  '}',
  // Digest of the lock; empty if there is none.
  `digest_now() { h=; if [ -f "$d/lock.json" ]; then h=$(sha256sum <"$d/lock.json" 9<&-); h=\${h%% *}; fi; }`,
  `is_mine() { x=; if [ -f "$d/lock.json" ]; then IFS= read -r x <"$d/lock.json" || :; fi; case $x in '{"v":1,"token":"'"$1"'",'*) ;; *) return 1 ;; esac; }`,
  'view() {',
  '  digest_now',
  `  printf 'boot=%s\\nnow=%s\\nsession=%s\\ndigest=%s\\n' "$boot" "$now" "$me" "$h"`,
  `  if [ -f "$e/epoch" ]; then read -r x <"$e/epoch" || :; printf 'epoch=%s\\n' "$x"; fi`,
  // The time of the beat follows the beat.
  `  if [ -f "$d/beat" ]; then IFS= read -r x <"$d/beat" || :; printf 'beat=%s\\nbeaten=%s\\n' "\${x% *}" "\${x##* }"; fi`,
  `  if [ -f "$d/lock.json" ]; then IFS= read -r x <"$d/lock.json" || :; printf 'lock=%s\\n' "$x"; fi`,
  `  if [ -f "$d/lock.old" ]; then while IFS= read -r x; do printf 'old=%s\\n' "$x"; done <"$d/lock.old"; fi`,
  '}',
  'begin_change() {',
  `  command -v flock >/dev/null 2>&1 || exit ${NO_FLOCK}`,
  '  umask 022',
  '  [ -d "$e" ] || mkdir -p "$e"',
  '  [ -d "$d" ] || mkdir -p -m 0700 "$d"',
  '  umask 077',
  '  exec 9<"$d"',
  `  flock -w 10 9 || exit ${LOCKED}`,
  '}',
  // Arguments: file, line. Atomic. Not flushed: after a crash of the machine the boot id is another one anyway.
  `put() { printf '%s\\n' "$2" >"$1.new"; mv -f "$1.new" "$1" 9<&-; }`,
  // Arguments: token, expected digest of the lock, the known part of the record.
  'take() {',
  '  digest_now',
  '  [ "$h" = "$2" ] || return 0',
  '  if [ -f "$d/lock.json" ]; then',
  '    IFS= read -r x <"$d/lock.json" || :',
  '    o=',
  '    if [ -f "$d/lock.old" ]; then o=$(cat "$d/lock.old" 9<&-); o="$o',
  '"; fi',
  '    put "$d/lock.old" "$o$x"',
  '  fi',
  '  : >>"$d/writers"',
  '  x=0',
  '  if [ -f "$e/epoch" ]; then read -r x <"$e/epoch" || :; fi',
  '  case $x in "" | *[!0-9]*) x=0 ;; esac',
  `  printf '%s\\n' "$((x + 1))" >"$e/epoch"`,
  `  put "$d/lock.json" "$3,\\"since\\":$now,\\"boot\\":\\"$boot\\",\\"sessions\\":[$me],\\"op\\":null}"`,
  `  printf '%s 0 %s\\n' "$1" "$now" >"$d/beat"`,
  '}',
  // Arguments: expected digest of the lock, record.
  'swap() { digest_now; [ "$h" != "$1" ] || put "$d/lock.json" "$2"; }',
  `beat() { if is_mine "$1"; then printf '%s %s %s\\n' "$1" "$2" "$now" >"$d/beat"; fi; }`,
  'settle() { if is_mine "$1"; then rm -f "$d/lock.old"; fi; }',
  'release() { if is_mine "$1"; then rm -f "$d/lock.json" "$d/beat"; fi; }',
  // Arguments: process, start time. True only for the same sshd session.
  'alive() {',
  '  [ -r "/proc/$1/stat" ] && fields "$1" 2>/dev/null || return 1',
  '  was=$2',
  '  set -- $x',
  `  [ "\${20}" = "$was" ] && [ "$1" != Z ] || return 1`,
  '  case $comm in sshd* | dropbear*) ;; *) return 1 ;; esac',
  '}',
  'end_sessions() {',
  '  while [ $# -ge 2 ]; do',
  `    if alive "$1" "$2"; then kill -9 "$1" 2>/dev/null || :; ! alive "$1" "$2" || printf '%s %s\\n' "$1" "$2"; fi`,
  '    shift 2',
  '  done',
  '}',
  'is_quiet() {',
  '  if [ -f "$d/writers" ]; then',
  '    exec 8<"$d/writers"',
  '    flock -n 8 || return 0',
  '  fi',
  '  echo quiet',
  '}',
];

const script = ({ run, state }: LockPaths, ...lines: readonly string[]): string =>
  ['set -eu', ...FUNCTIONS, `d=${quote(run)} e=${quote(state)}`, ...lines].join('\n');

const changing = (paths: LockPaths, change: string): string =>
  script(paths, 'look_around', 'begin_change', change, 'view');

export const viewScript = (paths: LockPaths): string => script(paths, 'look_around', 'view');

export function takeScript(paths: LockPaths, owner: LockOwner, from: string | null): string {
  const { token, run, by, verb, process } = owner;
  // The token comes first, because scripts compare the beginning.
  const head = JSON.stringify({ v: 1, token, run, by, verb, process }).slice(0, -1);
  return changing(paths, `take ${quote(token)} ${quote(from ?? '')} ${quote(asciiJson(head))}`);
}

export const swapRecordScript = (paths: LockPaths, from: string, to: LockRecord): string =>
  changing(paths, `swap ${quote(from)} ${quote(recordText(to))}`);

export const beatScript = (paths: LockPaths, token: string, count: number): string =>
  changing(paths, `beat ${quote(token)} ${count}`);

export const settleScript = (paths: LockPaths, token: string): string => changing(paths, `settle ${quote(token)}`);

export const releaseScript = (paths: LockPaths, token: string): string => changing(paths, `release ${quote(token)}`);

export const endSessionsScript = (paths: LockPaths, sessions: readonly LockSession[]): string =>
  script(paths, `end_sessions ${sessions.map(({ pid, start }) => `${pid} ${start}`).join(' ')}`);

export const quietScript = (paths: LockPaths): string => script(paths, 'is_quiet');

/** One line that begins with its token. */
export function recordText({ token, ...rest }: LockRecord): string {
  return asciiJson(JSON.stringify({ v: 1, token, ...rest }));
}

/** JSON that any shell keeps unchanged in any locale. */
const asciiJson = (text: string): string => text.replace(/[\u007f-\uffff]/g, escapedChar);
