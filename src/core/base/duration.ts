import { OrchError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Node's timers count in 31 bits: a longer timer would fire at once. About 24 days. */
export const LONGEST_MS = 2 ** 31 - 1;

/**
 * Milliseconds of a duration text: `500ms`, `10s`, `8m`, `1h`, `1m30s`.
 *
 * @throws OrchError DURATION_INVALID | DURATION_TOO_LONG
 * @example parseDuration('8m') // 480000
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text.trim())
    throw new OrchError('DURATION_INVALID', `"${text}" is not a duration`, {
      hint: 'write for example 500ms, 10s, 8m, 1m30s',
    });
  const ms = Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0), 0));
  if (ms > LONGEST_MS)
    throw new OrchError('DURATION_TOO_LONG', `"${text}" is too long`, {
      hint: 'the longest duration is 596h (24 days)',
    });
  return ms;
}

/** A duration in the form that the inventory accepts, rounded: `480ms`, `1.5s`, `12s`, `8m5s`, `1h30m`. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1000) return `${whole}ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 100) return `${tenths / 10}s`;
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('');
}
