import { randomBytes } from 'node:crypto';
import { Collector } from '../../core/bounds/collector.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import type { Become } from './shell-process.ts';

/** Own exit code: the shell did not receive its whole script. */
export const INCOMPLETE = 120;

/**
 * The only text that ever appears in a remote process list. It reads a header (`<bytes> <token>`) from stdin and
 * exactly that many bytes of script. It answers with the token on both streams and its process group, and evaluates the
 * script with the rest of stdin. With `fullblock`, dd reads the whole script in one block. A dd without it refuses
 * before it reads anything, and reading byte by byte works everywhere. A truncated script lacks the token at its end
 * and is never evaluated. No answer means that nothing ran. The token comes last in the answer, so that a program that
 * echoes its input is not mistaken for it.
 *
 * Must not contain single quotes, backslashes, newlines or `!`: login shells such as csh and fish parse it first.
 */
const BOOT = [
  `read -r n t || exit ${INCOMPLETE}`,
  `read -r a b c d g e </proc/$$/stat || exit ${INCOMPLETE}`,
  's=$(dd bs="$n" count=1 iflag=fullblock 2>/dev/null || dd bs=1 count="$n" 2>/dev/null; echo .)',
  `case "$s" in *"#$t.") ;; *) echo "the script arrived incomplete and was not run" >&2; exit ${INCOMPLETE};; esac`,
  'echo "=$t" >&2',
  'echo "=$t $g"',
  'eval "$s"',
].join('; ');

/** The command line of a shell that waits for a script on its stdin. */
export const bootLine = (become: Become): string =>
  become === 'sudo' ? `exec sudo -n -H sh -c '${BOOT}'` : `exec sh -c '${BOOT}'`;

/**
 * The same for a sudo that may ask for a password: it prompts with `prompt` on stderr. After the login the shell prints
 * `ready` on stdout. Nothing else may be written to stdin before that.
 */
export const askingBootLine = (prompt: string, ready: string): string =>
  `exec sudo -S -p '${prompt}' -H sh -c 'echo ${ready}; ${BOOT}'`;

/** Output without the line above, which sudo and some login shells repeat: readers look for the reason. */
export const withoutBootLine = (said: string): string => said.replaceAll(BOOT, '…');

export interface BootMessage {
  readonly token: string;
  /** Header and script, the first bytes for stdin. */
  readonly bytes: Buffer;
}

/**
 * A script with a random token at its end: a truncated script lacks it.
 *
 * @throws Error when the script holds a NUL, which no shell can carry
 */
export function sealScript(script: string): { readonly token: string; readonly body: Buffer } {
  if (script.includes('\0')) throw new Error('a script cannot hold a NUL character');
  const token = randomBytes(12).toString('hex');
  return { token, body: Buffer.from(`${script}\n\n#${token}`) };
}

/** @throws Error when the script holds a NUL */
export function bootMessage(script: string): BootMessage {
  const { token, body } = sealScript(`unset n t a b c d g e s\n${script}`);
  return { token, bytes: Buffer.concat([Buffer.from(`${body.length} ${token}\n`), body]) };
}

/**
 * Removes the output of the login shell and sudo, and the answer line itself, from a stream. Returns the bytes of each
 * chunk after the answer; `onAnswer` gets the rest of the line after the token.
 *
 * @throws OrchError REPLY_TOO_LARGE when more arrives before the answer than any login banner has
 * @example const cut = answerCutter(token, (group) => …); stdout.on('data', (chunk) => use(cut(chunk)))
 */
export function answerCutter(token: string, onAnswer: (rest: string) => void): (chunk: Buffer) => Buffer {
  const sign = `=${token}`;
  let before: Collector | null = new Collector(LIMITS.loginOutput);
  /** No token begins before this position. */
  let from = 0;
  return (chunk) => {
    if (before === null) return chunk;
    before.add(chunk);
    const said = before.bytes();
    const at = said.indexOf(sign, from);
    const end = at < 0 ? -1 : said.indexOf('\n', Math.max(at, said.length - chunk.length));
    from = at < 0 ? Math.max(0, said.length - sign.length + 1) : at;
    if (end < 0) return Buffer.alloc(0);
    const answer = said
      .subarray(at + sign.length, end)
      .toString()
      .trim();
    before = null;
    onAnswer(answer);
    return said.subarray(end + 1);
  };
}
