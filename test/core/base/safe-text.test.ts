import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { indented, safeData, safeJson, safeText } from '../../../src/core/base/safe-text.ts';
import { FORBIDDEN, hostile } from '../../support/base/hostile-text.ts';

describe('words from outside', () => {
  test.each([
    ['colors', '\u001b[31mred\u001b[0m', 'red'],
    ['a cleared screen', 'x\u001b[2J\u001b[Hy', 'xy'],
    ['a sequence of one C1 character', 'x\u009b2Jy', 'xy'],
    ['a title', 'x\u001b]0;gw-2 changed\u0007y', 'xy'],
    ['a link', 'x\u001b]8;;http://a\u001b\\y', 'xy'],
    ['a title that does not end', 'x\u001b]0;title', 'x]0;title'],
    ['a sequence that does not end', 'x\u001b[12', 'x[12'],
    ['a reset', 'x\u001bcy', 'xcy'],
    ['a carriage return', 'good\rbad', 'goodbad'],
    ['backspaces', 'no\b\byes', 'noyes'],
    ['reordering', 'a\u202eb\u2066c\u200fd', 'abcd'],
    ['separators of lines', 'a\u2028b\u2029c\u0085d', 'a b cd'],
    ['lines and tabs', 'a\n\tb\r\n', 'a\n\tb\n'],
    ['letters of any script', 'ü漢🙂\u200d', 'ü漢🙂\u200d'],
  ])('%s', (_name, text, safe) => {
    expect(safeText(text)).toBe(safe);
  });

  test('no character remains that a terminal acts on, and sanitizing twice changes nothing', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const safe = safeText(text);
        expect(safe).not.toMatch(FORBIDDEN);
        expect(safeText(safe)).toBe(safe);
      }),
    );
  });

  test('take linear time for any text', () => {
    for (const unit of [
      '\u001b];a',
      '\u001b[0',
      '\u009b',
      '\u001bP',
      '\u001b[',
      '\u001b] ',
      'a',
      '\u202e',
      '\u001b  ',
    ]) {
      const before = process.cpuUsage();
      safeText(unit.repeat(1_000_000 / unit.length));
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1e6, JSON.stringify(unit)).toBeLessThan(4);
    }
  });
});

test('data keeps its shape, and its keys are sanitized too', () => {
  expect(safeData({ 'a\u001b[2J': ['\u202e', 1, null, { b: undefined }] })).toEqual({ a: ['', 1, null, {}] });
});

test('JSON has no character that a terminal acts on, and is read back as the same value', () => {
  fc.assert(
    fc.property(hostile, hostile, (key, value) => {
      const json = safeJson({ [key]: [value] });
      expect(json).not.toMatch(FORBIDDEN);
      expect(json).not.toContain('\n');
      expect(JSON.parse(json)).toEqual({ [key]: [value] });
    }),
  );
});

test('further lines of a text are indented below its first one', () => {
  expect(indented('  one\n[gw-2] changed: all\n\n  three\n')).toBe('  one\n      [gw-2] changed: all\n        three');
  expect(indented('one')).toBe('one');
});
