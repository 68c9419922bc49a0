import { expect, test } from 'vitest';
import { formatDuration, LONGEST_MS, parseDuration } from '../../../src/core/base/duration.ts';
import { duration } from '../../../src/core/base/duration-param.ts';

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['8m', 480_000],
  ['1h', 3_600_000],
  ['1m30s', 90_000],
  ['0.5s', 500],
])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(['', '10', 's', '10 s', '-1s', '1d', '10sx'])('"%s" is refused', (text) => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
});

// Timers count in 31 bits: a longer one would fire at once.
test.each(['596h31m24s', '600h', '1000000000000000000000s'])('"%s" is longer than any timer', (text) => {
  expect(() => parseDuration(text)).toThrow(
    expect.objectContaining({ code: 'DURATION_TOO_LONG', hint: expect.stringContaining('596h') }),
  );
});

test('the longest duration is the maximum of a timer', () => {
  expect(parseDuration('2147483647ms')).toBe(LONGEST_MS);
  expect(duration.safeParse('600h').error?.issues[0]?.message).toMatch(/too long.*596h/);
});

test.each([
  [0, '0ms'],
  [480, '480ms'],
  [999.6, '1s'],
  [1540, '1.5s'],
  [9940, '9.9s'],
  [9960, '10s'],
  [12_340, '12s'],
  [59_999, '1m'],
  [119_999, '2m'],
  [485_000, '8m5s'],
  [3_600_000, '1h'],
  [5_405_000, '1h30m5s'],
])('%d ms prints as %s, and is accepted as that', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
  expect(Math.abs(parseDuration(text) - ms)).toBeLessThanOrEqual(500);
});
