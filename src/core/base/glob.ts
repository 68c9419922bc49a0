/**
 * Whether a text matches a pattern with `*` (any characters) and `?` (one character). No other character is special.
 * The time is at most proportional to the product of both lengths; a regular expression with many `*` takes far longer.
 *
 * @example fitsGlob('gw-*', 'gw-12') // true
 */
export function fitsGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  /** Position in the text for the next attempt of the last star. */
  let tried = 0;
  for (let i = 0; i < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      tried = i;
    } else if (pattern[at] === '?' || pattern[at] === text[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++tried;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
