import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, digestOf } from '../../../src/core/base/data.ts';

// These digests are in labels of running containers. If one changes, upgrading api7-orch restarts a fleet.
test.each([
  [null, 'v1:74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b'],
  [{ b: 1, a: [true, 'x'] }, 'v1:f15ef113d6e0c876b9ea9e90ebc36ad3f8b350d44634ba2fc407e978fb8cebeb'],
  [{ ü: '\u2028', n: 1.5 }, 'v1:4bbba76cfc9f6ac7449c50f0a87d1cd1c5e7ab8a448e8bbae9d0617c733a2a84'],
])('the digest of %j never changes', (value, digest) => {
  expect(digestOf(value)).toBe(digest);
});

test('the order of keys and undefined fields make no difference', () => {
  expect(canonicalJson({ b: 1, a: 2, c: undefined })).toBe('{"a":2,"b":1}');
});

test('it is JSON, and equal values give equal texts', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});
