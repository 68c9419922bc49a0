/** A pattern of ssh_config(5) or known_hosts: only `*` and `?` are special, brackets stand for themselves. */
export const pattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[\\^$.|+(){}[\]]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replaceAll('?', '.')}$`,
  );

/** Whether one of the patterns fits and no `!` one does: of negated patterns alone nothing is chosen. */
export function fitsPatterns(patterns: readonly string[], text: string): boolean {
  const fits = (one: string): boolean => pattern(one).test(text);
  return (
    !patterns.some((one) => one.startsWith('!') && fits(one.slice(1))) &&
    patterns.some((one) => !one.startsWith('!') && fits(one))
  );
}
