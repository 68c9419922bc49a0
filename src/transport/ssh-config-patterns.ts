/** A pattern of ssh_config(5) or known_hosts: only `*` and `?` are special, brackets stand for themselves. */
export const pattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[\\^$.|+(){}[\]]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replaceAll('?', '.')}$`,
  );

/** A part of a path by glob(7): sets of characters, `[a-c]` and `[!a]`, besides `*` and `?`. */
export const globPattern = (part: string): RegExp =>
  new RegExp(
    `^${part.replace(/\[(?:!.|[^!])[^\]]*\]|\*+|./gs, (piece) => {
      if (piece.startsWith('*')) return '.*';
      if (piece === '?') return '.';
      if (piece.length === 1) return literally(piece);
      return piece.startsWith('[!') ? `[^${characters(piece.slice(2, -1))}]` : `[${characters(piece.slice(1, -1))}]`;
    })}$`,
    's',
  );

/** A range that runs backwards holds nothing. */
const characters = (set: string): string =>
  set.replace(/(.)-(.)|./gs, (piece, from?: string, to?: string) => {
    if (from === undefined || to === undefined) return literally(piece);
    return from > to ? '' : `${literally(from)}-${literally(to)}`;
  });

const literally = (text: string): string => text.replace(/[\\^$.|+(){}[\]*?-]/g, '\\$&');

/** Whether one of the patterns fits and no `!` one does: of negated patterns alone nothing is chosen. */
export function fitsPatterns(patterns: readonly string[], text: string): boolean {
  const fits = (one: string): boolean => pattern(one).test(text);
  return (
    !patterns.some((one) => one.startsWith('!') && fits(one.slice(1))) &&
    patterns.some((one) => !one.startsWith('!') && fits(one))
  );
}
