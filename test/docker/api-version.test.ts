import { expect, test } from 'vitest';
import { agreeOnVersion, compareVersions } from '../../src/docker/api-version.ts';

test.each([
  ['1.41', '1.12', '1.41'],
  ['1.44', '1.24', '1.44'],
  ['1.52', '1.44', '1.44'],
  ['1.60', '1.50', '1.50'],
  ['1.9', '1.1', '1.9'],
])('with an Engine that speaks %s down to %s, %s is spoken', (newest, oldest, spoken) => {
  expect(agreeOnVersion({ newest, oldest })).toBe(spoken);
});

test('versions are compared as numbers', () => {
  expect(['1.41', '1.9', '2.0', '1.42'].sort(compareVersions)).toEqual(['1.9', '1.41', '1.42', '2.0']);
});
