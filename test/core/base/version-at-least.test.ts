import { expect, test } from 'vitest';
import { versionAtLeast } from '../../../src/core/base/version-at-least.ts';

test.each<[string, string, boolean]>([
  ['20.10.7', '20.10.7', true],
  ['20.10.24+dfsg1', '20.10.7', true],
  ['20.10.6', '20.10.7', false],
  ['19.03.15', '20.10.7', false],
  ['28.0.0-rc.1', '20.10.7', true],
  ['3.10.0-1160.el7.x86_64', '3.10.0-957', true],
  ['3.10.0-327.el7.x86_64', '3.10.0-957', false],
  ['3.10.0', '3.10.0-957', false],
  ['6.1.0-18-amd64', '3.10.0-957', true],
  ['4.18.0-553.el8_10.x86_64', '3.10.0-957', true],
  ['dev', '20.10.7', true],
])('%s is no older than %s: %s', (version, least, expected) => {
  expect(versionAtLeast(version, least)).toBe(expected);
});
