import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closingLines, type Entry, passedAt, readLedger, record } from '../../scripts/test-ledger.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const directory = temporaryDirectory('ledger');

const entry = (changes: Partial<Entry> = {}): Entry => ({
  piece: 'unit',
  commit: 'a'.repeat(40),
  isDirty: false,
  date: '2026-11-29T08:00:00.000Z',
  passed: 12,
  failed: 0,
  skipped: 1,
  seconds: 75.4,
  ...changes,
});

test('the newest result of a piece at a commit replaces the earlier one', () => {
  const path = join(directory, 'new/ledger.json');
  record(path, entry({ failed: 2 }));
  record(path, entry({ commit: 'b' }));
  record(path, entry({ piece: 'wire' }));
  record(path, entry({ passed: 14 }));
  expect(readLedger(path)).toEqual([entry({ commit: 'b' }), entry({ piece: 'wire' }), entry({ passed: 14 })]);
});

test('a ledger that does not exist is empty, and an unreadable one is an error', () => {
  expect(readLedger(join(directory, 'none.json'))).toEqual([]);
  const path = join(directory, 'half.json');
  writeFileSync(path, '[{');
  expect(() => readLedger(path)).toThrow(/half\.json: cannot be read/);
});

test.each<[string, Partial<Entry>]>([
  ['a test failed', { failed: 1 }],
  ['no test ran', { passed: 0 }],
  ['the working tree had changes', { isDirty: true }],
  ['it passed at another commit', { commit: 'b' }],
  ['another piece passed', { piece: 'wire' }],
])('a piece has not passed if %s', (_, changes) => {
  expect(passedAt([entry(changes)], 'unit', entry().commit)).toBeUndefined();
});

test('a piece has passed if all its tests passed at the commit', () => {
  expect(passedAt([entry({ commit: 'b' }), entry()], 'unit', entry().commit)).toEqual(entry());
});

test('the closing lines name each piece, and end with the sum', () => {
  const entries = [entry(), entry({ piece: 'lab-rolling', passed: 3, failed: 1, seconds: 9, isDirty: true })];
  expect(closingLines(entries)).toEqual([
    'unit         12 passed, 0 failed, 1 skipped  1m15s  aaaaaaa  2026-11-29T08:00',
    'lab-rolling  3 passed, 1 failed, 1 skipped  9s  aaaaaaa with changes  2026-11-29T08:00',
    '15 passed, 1 failed',
  ]);
});
