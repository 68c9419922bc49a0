/**
 * %f is the raw mode in hex, in coreutils and busybox alike; user and group names cannot contain a colon. The size has
 * its own end mark, by which `large_digests` finds it.
 */
export const STAT_FORMAT = '%s/%f:%u:%g:%U:%G';

/** Result codes of each path in a joint request. */
export const ABSENT = '0';
export const ASKED = '1';
export const ALONE = '2';

/**
 * The shell functions of reads. A host gets them once, so that a read is only a few words: a shell reads its stdin byte
 * by byte, with one system call each. Shell built-ins test `$p`. The functions share their variables with the loop that
 * runs them and avoid its own: `n`, `t`, `i`, `s` and `l`; `c` is set before each use. `$mark` closes a reply, `$o` is
 * the output of the previous request, mostly sizes.
 */
export const READ_FUNCTIONS: readonly string[] = [
  'there() { [ -e "$p" ] || [ -L "$p" ]; }',
  'regular() { [ -f "$p" ]; }',
  // True if the path certainly does not exist: its directory can be searched.
  'gone() {',
  '  [ ! -e "$p" ] && [ ! -L "$p" ] || return 1',
  '  g=$p',
  `  until [ -e "$g" ] || [ -L "$g" ]; do g=\${g%/*}; [ "$g" ] || g=/; done`,
  '  [ -d "$g" ] && [ -x "$g" ]',
  '}',
  // Only for use in a subshell, because of exec.
  `stats() { exec stat -c ${STAT_FORMAT} "$@"; }`,
  // Reads stdin: for a file with an unusual name sha256sum prints a backslash before the digest.
  'digest() { if [ -f "$1" ]; then exec sha256sum <"$1"; else stat -L -c %f "$1" >/dev/null; fi; }',
  'digests() { exec sha256sum "$@"; }',
  /*
   * sha256sum does not use the processor's own instructions; openssl does, but takes three times as long to start. Used
   * from a million bytes on, if openssl is installed. The sizes usually come from the previous request.
   */
  'large_digests() {',
  '  [ "$o" ] || o=$(stat -L -c %s/ "$@")',
  `  case $o in *${'[0-9]'.repeat(7)}/*) if r=$(openssl dgst -sha256 -r "$@"); then printf '%s\\n' "$r"; return; fi ;; esac`,
  '  digests "$@"',
  '}',
  // Closes a reply with the token and its exit code, on both streams.
  `ended() { printf '\\n%s %d\\n' "$mark" "$c"; printf '\\n%s\\n' "$mark" >&2; }`,
  // Arguments: a test of `$p`, the function for many paths, the function for a single unanswered path; the paths.
  'joint() {',
  '  is=$1 many=$2 one=$3',
  '  shift 3',
  '  k= left=$#',
  '  for p do',
  `    if "$is"; then set -- "$@" "$p"; k=\${k}${ASKED}; elif gone; then k=\${k}${ABSENT}; else k=\${k}${ALONE}; fi`,
  '  done',
  '  c=0 a=',
  '  [ $# -eq "$left" ] || { o=$(shift "$left"; "$many" "$@" </dev/null 2>/dev/null); c=$? a=$o; }',
  // In one call: each part would be a packet of its own. Nothing was printed on stderr, so no end mark is needed there.
  `  printf '%s\\n%s\\n%s %d\\n' "$k" "$a" "$mark" "$c"`,
  '  [ "$c" -eq 0 ] || k=',
  '  for p do',
  '    [ "$left" -gt 0 ] || break',
  `    case $k in ${ALONE}* | '') ( "$one" "$p" ) </dev/null; c=$?; ended ;; esac`,
  `    k=\${k#?} left=$((left - 1))`,
  '  done',
  '}',
];
