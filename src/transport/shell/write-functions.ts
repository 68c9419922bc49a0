import { STAT_FORMAT } from './read-functions.ts';

/** Own exit code: the received bytes differ from the sent ones. */
export const CORRUPT = 91;
/** Another process, such as a later run, has taken over the temporary name. */
export const OVERTAKEN = 92;
/** The file lacks the content that the swap expects. */
export const OTHER_CONTENT = 95;
/** Another program has held the lock for too long. */
export const LOCKED = 96;
/** The host's lock does not belong to this run. */
export const FENCED = 98;
/** The path leads over a link that another user may have made: root does not follow it. */
export const LED_ASTRAY = 97;
/** The shell cannot print the content itself: it must come on stdin instead. */
export const BY_STDIN = 94;

/**
 * Opens the file at a path, so that `$h` means exactly that file. Without the right to read it, `$h` is the path, which
 * does not happen to root. For root, neither the path nor any directory on the way may be a link that root does not
 * own. This is checked after opening, so that a link in between cannot have been followed.
 */
const HOLD: readonly string[] = [
  'hold() {',
  '  [ -L "$1" ] || [ -e "$1" ] || { stat "$1" >/dev/null; exit 1; }',
  '  h=$1 g=$1',
  '  if [ -r "$1" ] && { [ -d "$1" ] || [ -f "$1" ]; }; then exec 3<"$1"; h=/proc/self/fd/3; fi',
  '  [ -O / ] || return 0',
  `  [ ! -L "$1" ] && [ "$1" -ef "$h" ] || { echo "$1: is a link" >&2; exit ${LED_ASTRAY}; }`,
  '  while :; do',
  `    case $g in */*) g=\${g%/*} ;; *) break ;; esac`,
  `    [ ! -L "$g" ] || [ "$(stat -c %u "$g")" = 0 ] || { echo "$g: is a link" >&2; exit ${LED_ASTRAY}; }`,
  '  done',
  '}',
];

/**
 * Ends the script unless the host's lock has this token. Holds descriptor 8 while the script runs, so that a takeover
 * can wait for its end. Arguments: directory of the lock, token.
 */
export const FENCE: readonly string[] = [
  'fenced() {',
  '  f=',
  '  if [ -f "$1/writers" ]; then',
  `    exec 8<"$1/writers"`,
  `    flock -s -w 10 8 || exit ${LOCKED}`,
  '    if [ -f "$1/lock.json" ]; then read -r f <"$1/lock.json" || :; fi',
  '  fi',
  '  case $f in',
  `    '{"v":1,"token":"'"$2"'",'*) ;;`,
  `    *) echo "api7-orch: not the lock of $2" >&2; exit ${FENCED} ;;`,
  '  esac',
  '}',
];

/**
 * The shell functions of writes; see `READ_FUNCTIONS` for the reason. Their scripts run under `set -e`, which ends them
 * at the first failing tool, whose message is then the last on stderr. `$p` is the file, `$t` its temporary name, `$d`
 * their directory; descriptor 3 is the file being written. `$h` always means that very file: a user with write access
 * to the directory may put a link there at any moment.
 */
export const WRITE_FUNCTIONS: readonly string[] = [
  ...FENCE,
  // Arguments: file, temporary name, directory.
  'place() { p=$1 t=$2 d=$3; vacant; }',
  'vacant() { [ ! -d "$p" ] || [ -L "$p" ] || { echo "$p: is a directory" >&2; exit 1; }; }',
  // Locks the directory until the script ends. Other swaps in it wait; a host without flock has only the comparison.
  `locked() { exec 9<"$d"; if command -v flock >/dev/null 2>&1; then flock -w 10 9 || exit ${LOCKED}; fi; }`,
  // Arguments: expected sha256 of the file, new sha256; empty for no file. True if the file has the latter already.
  'swapped() {',
  '  h=',
  `  [ ! -f "$p" ] || { h=$(sha256sum <"$p"); h=\${h%% *}; }`,
  '  [ "$h" != "$2" ] || return 0',
  `  [ "$h" = "$1" ] || exit ${OTHER_CONTENT}`,
  '  return 1',
  '}',
  // Removes the path if it exists. Testing costs a host less than starting rm for nothing.
  'drop() { if [ -e "$1" ] || [ -L "$1" ]; then rm -rf "$1"; fi; }',
  // True while the temporary name still belongs to the file that this script opened.
  'mine() { [ "$t" -ef /proc/self/fd/3 ]; }',
  // A write with a lost connection may still be ending while the next run writes the same file.
  `still_mine() { mine || exit ${OVERTAKEN}; }`,
  // noclobber opens with O_EXCL, which follows no link in a shared directory.
  'create() { drop "$t"; set -C; exec 3>"$t"; set +C; h=/proc/self/fd/3; }',
  // Begins a file that is written completely or not at all. Not `trap … EXIT` alone: some shells skip it after a
  // signal.
  'begin() {',
  `  trap 'if mine; then rm -f "$t"; fi' EXIT`,
  "  trap 'exit 1' HUP INT TERM PIPE",
  '  create',
  '}',
  // Only with a built-in printf: a program's arguments would appear in the process list.
  `print() { PATH=/ command -v printf >/dev/null 2>&1 && printf %s "$1" >&3 2>/dev/null || exit ${BY_STDIN}; }`,
  // Argument: bytes. The kernel reports the file position, without a program.
  'filled() { read -r x pos </proc/self/fdinfo/3; [ "$pos" = "$1" ]; }',
  'flush() { sync "$1" 2>/dev/null || sync; }',
  // `ours`, any word, is set if the script's user and group are the wanted ones; a directory may still pass down its
  // own group. Arguments: user:group, path, ours. Not `… || chown`: a zsh in sh mode continues after its failure.
  'give() { if [ ! "$3" ] || [ ! -O "$2" ] || [ ! -G "$2" ]; then chown "$1" "$2"; fi; }',
  ...HOLD,
  // Sets owner and mode of `$h`. Arguments: user:group, mode, ours. Owner first: changing it clears set-id bits.
  'own() { give "$1" "$h" "$3"; chmod "$2" "$h"; }',
  // Sets `$now` to the state of a path. The script reports it for the next read, which then needs no script and no
  // round trip. Not by echo: names of a Windows domain may contain a backslash.
  `look() { now=$(stat -c ${STAT_FORMAT} "$1"); }`,
  `tell() { printf 'now %s\\n' "$now" >&2; }`,
  // `own` for `$t`, which was created with its mode as far as a umask can do that. Arguments: user:group, mode, mode in
  // hex, ours. Calls chmod only if the result differs (set-id bits, x bits, an access list).
  'own_new() {',
  '  give "$1" "$h" "$4"',
  '  look "$t"',
  '  case $now in */"$3":*) ;; *) chmod "$2" "$h"; look "$t" ;; esac',
  '}',
  // Renames a complete, flushed file to its final name. -T replaces a link to a directory instead of following it.
  // busybox refuses such a link even with -T, and an old mv lacks -T. Without -T the file would go into a directory
  // that exists by now, such as one that Docker creates in place of a missing mount file.
  'settle() {',
  '  if ! mv -fT "$t" "$p" 2>/dev/null; then',
  '    if [ -L "$p" ] && [ -d "$p" ]; then rm -f "$p"; fi',
  '    vacant',
  '    mv -f "$t" "$p"',
  '  fi',
  '  flush "$d"',
  '}',
  // Arguments: path, parent, user:group, mode, the mode at creation, and a pattern of the wanted state. If the pattern
  // matches, nothing is left to do; the state is reported in any case.
  'directory() {',
  '  umask 022',
  '  if [ ! -d "$1" ]; then',
  '    [ -d "$2" ] || mkdir -p "$2"',
  // Another process may create it at the same time.
  '    mkdir -m "$5" "$1" || :',
  '    [ -d "$1" ]',
  '  fi',
  '  look "$1"',
  '  case $now in $6) ;; *) hold "$1"; own "$3" "$4" \'\'; look "$1" ;; esac',
  '  tell',
  '}',
];
