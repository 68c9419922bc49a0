import { STAT_FORMAT } from './read-functions.ts';

/** Exit code of our own: what arrived is not what was sent. */
export const CORRUPT = 91;
/** Somebody else, such as a later run, has taken the temporary name meanwhile. */
export const OVERTAKEN = 92;
/** The file does not have the content that it must have to be replaced. */
export const OTHER_CONTENT = 95;
/** Another program has held the lock for too long. */
export const LOCKED = 96;
/** The lock of the host is not this run's. */
export const FENCED = 98;
/** A link that another user may have made leads there: root follows none of these. */
export const LED_ASTRAY = 97;
/** The shell cannot print the content by itself, or could not: it is to come by stdin instead. */
export const BY_STDIN = 94;

/**
 * Opens what stands at a path, so that `$h` is that and nothing else; without the right to read it `$h` is the path, which
 * is not root's case. Where root acts, neither the path itself nor anything on the way to it may be a link that does not
 * belong to root. Looked at after it was opened: then it cannot have been reached by a link that was there in between.
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
 * Ends the script unless the lock of the host is of this token. Descriptor 8 is held as long as the script runs, so that whoever takes
 * the lock over can wait for its end. Words: directory of the lock, token.
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
 * The shell functions that writes are made of; see `READ_FUNCTIONS` for why. Their scripts run under `set -e`, which ends
 * them at the first failing tool, whose words are then the last on stderr. `$p` is the file, `$t` the name it is made
 * under, `$d` the directory of both; what is open as 3 is what is being written. `$h` stands for that very file, whatever its
 * name comes to stand for: who may write in a directory may put a link there at any moment.
 */
export const WRITE_FUNCTIONS: readonly string[] = [
  ...FENCE,
  // Words: file, temporary name, directory.
  'place() { p=$1 t=$2 d=$3; vacant; }',
  'vacant() { [ ! -d "$p" ] || [ -L "$p" ] || { echo "$p: is a directory" >&2; exit 1; }; }',
  // Until the script ends. Whoever swaps a file in this directory waits; a host without flock has only the comparison.
  `locked() { exec 9<"$d"; if command -v flock >/dev/null 2>&1; then flock -w 10 9 || exit ${LOCKED}; fi; }`,
  // Words: the sha256 that the file must have, the one it is to have; empty for no file. True when it has the latter already.
  'swapped() {',
  '  h=',
  `  [ ! -f "$p" ] || { h=$(sha256sum <"$p"); h=\${h%% *}; }`,
  '  [ "$h" != "$2" ] || return 0',
  `  [ "$h" = "$1" ] || exit ${OTHER_CONTENT}`,
  '  return 1',
  '}',
  // Removes what may be there. To start a program for nothing costs a host more than to look.
  'drop() { if [ -e "$1" ] || [ -L "$1" ]; then rm -rf "$1"; fi; }',
  // True while the temporary name still stands for the file that this script opened.
  'mine() { [ "$t" -ef /proc/self/fd/3 ]; }',
  // A write whose connection was lost may still be ending while the next run writes the same file.
  `still_mine() { mine || exit ${OVERTAKEN}; }`,
  // noclobber opens with O_EXCL: nobody's link in a shared directory is followed.
  'create() { drop "$t"; set -C; exec 3>"$t"; set +C; h=/proc/self/fd/3; }',
  // A file that is to be written at once or not at all. Not `trap … EXIT` alone: not every shell runs it when a signal ends it.
  'begin() {',
  `  trap 'if mine; then rm -f "$t"; fi' EXIT`,
  "  trap 'exit 1' HUP INT TERM PIPE",
  '  create',
  '}',
  // Only a shell that prints by itself: a program's words would stand in the process list.
  `print() { PATH=/ command -v printf >/dev/null 2>&1 && printf %s "$1" >&3 2>/dev/null || exit ${BY_STDIN}; }`,
  // Words: bytes. The kernel tells the position in the file without a program's help.
  'filled() { read -r x pos </proc/self/fdinfo/3; [ "$pos" = "$1" ]; }',
  'flush() { sync "$1" 2>/dev/null || sync; }',
  // `ours`, a word of some, is not empty where whoever runs this is that user and has that group; a directory may even so
  // hand down its own group. Words: user:group, path, ours. No `… || chown`: a zsh that plays sh goes on when that fails.
  'give() { if [ ! "$3" ] || [ ! -O "$2" ] || [ ! -G "$2" ]; then chown "$1" "$2"; fi; }',
  ...HOLD,
  // Of `$h`. Words: user:group, mode, ours. Owner first: changing it clears set-id bits of the mode.
  'own() { give "$1" "$h" "$3"; chmod "$2" "$h"; }',
  // How a path stands, in `$now`, which is told for who asks next: it costs no further script, and no way there. Not by
  // echo: a backslash may stand in a name of a Windows domain.
  `look() { now=$(stat -c ${STAT_FORMAT} "$1"); }`,
  `tell() { printf 'now %s\\n' "$now" >&2; }`,
  // `own` of `$t`, which was made with its mode as far as a mask can do that. Words: user:group, mode, mode in hex, ours. Only
  // where it came out differently (set-id bits, x bits, an access list) is a program started for the mode.
  'own_new() {',
  '  give "$1" "$h" "$4"',
  '  look "$t"',
  '  case $now in */"$3":*) ;; *) chmod "$2" "$h"; look "$t" ;; esac',
  '}',
  // Its final name, for what is complete and flushed and has its owner and mode. -T: a link to a directory is replaced,
  // not followed. busybox refuses such a link even so, and an old mv knows no -T. Without it the file would go into a
  // directory that stands there by now, such as Docker makes in place of a file that it is to mount.
  'settle() {',
  '  if ! mv -fT "$t" "$p" 2>/dev/null; then',
  '    if [ -L "$p" ] && [ -d "$p" ]; then rm -f "$p"; fi',
  '    vacant',
  '    mv -f "$t" "$p"',
  '  fi',
  '  flush "$d"',
  '}',
  // Words: path, parent, user:group, mode, the mode to make it with, and a pattern of how it stands when it is as it should
  // be: for whoever is its owner nothing is then left to do, and how it came out is to be told anyway.
  'directory() {',
  '  umask 022',
  '  if [ ! -d "$1" ]; then',
  '    [ -d "$2" ] || mkdir -p "$2"',
  // Somebody else may make it at the same time.
  '    mkdir -m "$5" "$1" || :',
  '    [ -d "$1" ]',
  '  fi',
  '  look "$1"',
  '  case $now in $6) ;; *) hold "$1"; own "$3" "$4" \'\'; look "$1" ;; esac',
  '  tell',
  '}',
];
