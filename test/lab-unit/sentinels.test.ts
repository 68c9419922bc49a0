import { expect, test } from 'vitest';
import { redact } from '../../src/core/base/redact.ts';
import { Secret } from '../../src/core/base/secret.ts';
import { formsOf, sentinels, shownIn } from '../lab/samplers/sentinels.ts';

test.each(sentinels)('the secret $name of the lab is masked in every form that the lab searches for', ({ text }) => {
  Secret.of(text);
  const shown = formsOf(text).map((form) => `before: "${form}" after\n`);
  expect(shown.flatMap((line) => shownIn(line)).length).toBeGreaterThan(0);
  expect(shown.filter((line) => shownIn(redact(line)).length > 0)).toEqual([]);
});

test('there are thirty, of 4 to 64 characters', () => {
  const lengths = sentinels.map(({ text }) => [...text].length);
  expect([lengths.length, Math.min(...lengths)]).toEqual([30, 4]);
  expect(Math.max(...lengths)).toBeGreaterThanOrEqual(60);
});
