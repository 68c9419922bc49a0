/**
 * %f is the raw mode in hex, in coreutils and busybox alike; a colon cannot stand in a user's or group's name. The size
 * has an end mark of its own, by which `large_digests` finds it.
 */
export const STAT_FORMAT = '%s/%f:%u:%g:%U:%G';

/** What became of each path of a joint question. */
export const ABSENT = '0';
export const ASKED = '1';
export const ALONE = '2';

/**
 * The shell functions that readings are made of. A host is told them once, so that a reading is a few words: a shell reads
 * what is sent to it byte by byte, and each byte is a system call. What is asked of `$p` it can tell by itself. They share
 * their variables with the loop that runs them, and keep off its own: `n`, `t`, `i`, `s` and `l`; `c` is set before each use.
 * `$mark` closes an answer, `$o` is what the question before has printed, mostly the sizes.
 */
export const READ_FUNCTIONS: readonly string[] = [
  'there() { [ -e "$p" ] || [ -L "$p" ]; }',
  'regular() { [ -f "$p" ]; }',
  // Certainly not there: what it would stand in can be searched.
  'gone() {',
  '  [ ! -e "$p" ] && [ ! -L "$p" ] || return 1',
  '  g=$p',
  `  until [ -e "$g" ] || [ -L "$g" ]; do g=\${g%/*}; [ "$g" ] || g=/; done`,
  '  [ -d "$g" ] && [ -x "$g" ]',
  '}',
  // To be called in a subshell alone, for that is what they become.
  `stats() { exec stat -c ${STAT_FORMAT} "$@"; }`,
  // From stdin: sha256sum puts a backslash before the digest of a file with an odd name.
  'digest() { if [ -f "$1" ]; then exec sha256sum <"$1"; else stat -L -c %f "$1" >/dev/null; fi; }',
  'digests() { exec sha256sum "$@"; }',
  /*
   * sha256sum is written for every processor alike; openssl uses the processor's own instructions, but takes three times as
   * long to start. It is used from a million bytes on, where it is installed. How large the files are was mostly asked
   * just before.
   */
  'large_digests() {',
  '  [ "$o" ] || o=$(stat -L -c %s/ "$@")',
  `  case $o in *${'[0-9]'.repeat(7)}/*) if r=$(openssl dgst -sha256 -r "$@"); then printf '%s\\n' "$r"; return; fi ;; esac`,
  '  digests "$@"',
  '}',
  // Closes an answer by the token and its exit code, on both streams.
  `ended() { printf '\\n%s %d\\n' "$mark" "$c"; printf '\\n%s\\n' "$mark" >&2; }`,
  // Words: a test of `$p`, what answers for many paths, what for one of which that did not; the paths.
  'joint() {',
  '  is=$1 many=$2 one=$3',
  '  shift 3',
  '  k= left=$#',
  '  for p do',
  `    if "$is"; then set -- "$@" "$p"; k=\${k}${ASKED}; elif gone; then k=\${k}${ABSENT}; else k=\${k}${ALONE}; fi`,
  '  done',
  '  c=0 a=',
  '  [ $# -eq "$left" ] || { o=$(shift "$left"; "$many" "$@" </dev/null 2>/dev/null); c=$? a=$o; }',
  // At once: each piece of an answer would be a packet of its own. Nothing was said on stderr, so it needs no end there.
  `  printf '%s\\n%s\\n%s %d\\n' "$k" "$a" "$mark" "$c"`,
  '  [ "$c" -eq 0 ] || k=',
  '  for p do',
  '    [ "$left" -gt 0 ] || break',
  `    case $k in ${ALONE}* | '') ( "$one" "$p" ) </dev/null; c=$?; ended ;; esac`,
  `    k=\${k#?} left=$((left - 1))`,
  '  done',
  '}',
];
