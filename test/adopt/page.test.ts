import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REFUSAL_CODES } from '../../src/adopt/running/refusal.ts';

const page = readFileSync(new URL('../../docs/adopting.md', import.meta.url), 'utf8');

test('docs/adopting.md explains every refusal, in the order of the codes, and no other', () => {
  const explained = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect(explained).toEqual([...REFUSAL_CODES]);
});
