import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorsPage } from '../../../scripts/errors-page.ts';
import { ERROR_CODES } from '../../../src/core/errors/error-codes.ts';

const codes = Object.values(ERROR_CODES).flatMap((group) => Object.keys(group));

test('docs/errors.md matches the tables: npm run errors-page writes it', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  expect(page).toBe(errorsPage());
});

test('each code is in one table', () => {
  expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
});
