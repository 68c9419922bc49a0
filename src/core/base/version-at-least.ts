/**
 * Whether a version is no older than another one, number by number: `3.10.0-1160.el7` and `20.10.24+dfsg1` are read as far as they are numbers.
 * What begins with no number is not judged.
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
