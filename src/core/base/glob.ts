/**
 * Whether a text fits a pattern in which `*` stands for any characters and `?` for one. Nothing else is special. It takes no
 * more than the product of both lengths, whatever the pattern: a regular expression with many `*` takes far longer.
 *
 * @example fitsGlob('gw-*', 'gw-12') // true
 */
export function fitsGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  /** Where the text went on after the last star was tried. */
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
