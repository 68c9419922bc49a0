import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limitsTable, withLimits } from '../../../scripts/limits-table.ts';
import { ERROR_CODES } from '../../../src/core/errors/error-codes.ts';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/security.md', root), 'utf8');

test('docs/security.md repeats the limits of the code: npm run limits-table writes them', () => {
  expect(page).toBe(withLimits(page));
});

test('each code that the limits name is a code', () => {
  const codes = new Set(Object.values(ERROR_CODES).flatMap((table) => Object.keys(table)));
  const named = [...limitsTable().matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => code);
  expect(named.length).toBeGreaterThan(5);
  for (const code of named) expect(codes).toContain(code);
});

test('each test that docs/security.md names exists', () => {
  const files = [...page.matchAll(/`(test\/[\w./-]+)`/g)].map(([, file = '']) => file);
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) expect(existsSync(new URL(file, root)), file).toBe(true);
});
