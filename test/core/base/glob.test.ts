import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitsGlob } from '../../../src/core/base/glob.ts';

test.each([
  ['gw-*', 'gw-12', true],
  ['gw-*', 'lb-1', false],
  ['*', '', true],
  ['', '', true],
  ['?', '', false],
  ['*.example.com', 'a.b.example.com', true],
  ['*a*b', 'xaxbxb', true],
  ['[gw]', 'g', false],
  ['a*', 'ba', false],
])('%s fits %s: %s', (pattern, text, fits) => {
  expect(fitsGlob(pattern, text)).toBe(fits);
});

test('it matches like a regular expression', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (pattern, text) => {
      const source = pattern.replaceAll('*', '[^]*').replaceAll('?', '[^]');
      expect(fitsGlob(pattern, text)).toBe(new RegExp(`^${source}$`).test(text));
    }),
  );
});

test('a pattern of thousands of stars takes no time', () => {
  const begun = performance.now();
  expect(fitsGlob('*a'.repeat(3000), 'a'.repeat(2999))).toBe(false);
  expect(performance.now() - begun).toBeLessThan(10_000);
});
