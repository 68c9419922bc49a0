import { afterEach, expect, test } from 'vitest';
import { dateOf, systemClock } from '../../../src/core/base/clock.ts';

const real = Date.now;
afterEach(() => {
  Date.now = real;
});

test.each([600_000, -600_000])(
  'a correction of the system time by %i ms shortens and lengthens nothing',
  async (step) => {
    const begun = systemClock.now();
    const date = dateOf(systemClock).getTime();
    Date.now = () => real() + step;
    await systemClock.sleep(5);
    expect(systemClock.now() - begun).toBeGreaterThan(0);
    expect(systemClock.now() - begun).toBeLessThan(60_000);
    // Dates use the corrected time.
    expect(Math.abs(dateOf(systemClock).getTime() - date - step)).toBeLessThan(60_000);
  },
);

test('a clock without a wall clock of its own uses its time for dates', () => {
  expect(dateOf({ now: () => 1000, sleep: async () => {} }).toISOString()).toBe('1970-01-01T00:00:01.000Z');
});
