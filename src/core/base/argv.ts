/**
 * Quotes one word for a POSIX shell. The shell turns the result into exactly these characters. All quoting goes through
 * this function; a property test feeds it to real shells.
 *
 * @throws Error when the text holds a NUL, which no argument can carry
 * @example quote("it's") // "'it'\\''s'"
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new Error('an argument cannot hold a NUL character');
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** An argument list as one shell command line. */
export const commandLine = (argv: readonly string[]): string => argv.map(quote).join(' ');

/**
 * Words as an operator would type them: quoted only if necessary.
 *
 * @example typedLine(['exec', 'all', 'ls -l']) // "exec all 'ls -l'"
 */
export const typedLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quote(word))).join(' ');
