import { expect, test } from 'vitest';
import { type Claim, overlaps } from '../../../src/core/task/claim.ts';

test.each<[Claim, Claim, boolean]>([
  ['file:/a', 'file:/a', true],
  ['file:/a', 'file:/ab', false],
  ['file:/a', 'file:/a/b', false],
  ['tree:/a', 'file:/a/b', true],
  ['tree:/a', 'file:/a', true],
  ['tree:/a', 'file:/ab', false],
  ['tree:/a', 'tree:/a/b', true],
  ['tree:/a/b', 'tree:/a', true],
  ['tree:/', 'file:/etc/motd', true],
  ['container:x', 'container:x', true],
  ['container:x', 'image:x', false],
  ['gate:x', 'gate:x', false],
])('%s and %s: %s', (a, b, expected) => {
  expect(overlaps(a, b)).toBe(expected);
  expect(overlaps(b, a)).toBe(expected);
});
