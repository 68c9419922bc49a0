import { expect, test } from 'vitest';
import { firstChars, lastChars, lastLines } from '../../../src/core/base/excerpt.ts';
import { Secret } from '../../../src/core/base/secret.ts';

const secret = 'Sentinel-5ecret-0123456789';
Secret.of(secret);

test.each<[string, string]>([
  ['the end', lastChars(`${'a'.repeat(5000)} ${secret} ${'b'.repeat(1980)}`)],
  ['the beginning', firstChars(`${'a'.repeat(190)} ${secret} ${'b'.repeat(5000)}`, 200)],
  ['the last lines', lastLines(`${'x\n'.repeat(50)}${[...secret].join('\n')}\n`)],
])('%s of a text shows no half of a secret at the cut', (_name, shown) => {
  for (let at = 0; at + 6 <= secret.length; at++)
    expect(shown.replaceAll('\n', '')).not.toContain(secret.slice(at, at + 6));
});

test('a short text is whole, without the blanks around it', () => {
  expect([lastChars(' a b \n'), firstChars(' a b \n', 10), lastLines('a\nb\n')]).toEqual(['a b', 'a b', 'a\nb']);
});
