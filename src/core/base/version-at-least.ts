/**
 * Whether a version is at least another one, compared number by number: of `3.10.0-1160.el7` and `20.10.24+dfsg1` only
 * the leading numbers count. A text that begins with no number counts as new enough.
 *
 * @example versionAtLeast('20.10.24+dfsg1', '20.10.7') // true
 */
export function versionAtLeast(version: string, least: string): boolean {
  const [own, other] = [numbersOf(version), numbersOf(least)];
  if (own.length === 0) return true;
  const at = other.findIndex((number, index) => (own[index] ?? 0) !== number);
  return at === -1 || (own[at] ?? 0) > (other[at] ?? 0);
}

const numbersOf = (text: string): readonly number[] => {
  const [leading] = /^\d+(?:[.-]\d+)*/.exec(text.slice(0, 200)) ?? [];
  return leading?.split(/[.-]/).map(Number) ?? [];
};
