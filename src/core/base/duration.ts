import { OrchError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Timers count in 31 bits: a longer one would fire at once. About 24 days. */
export const LONGEST_MS = 2 ** 31 - 1;

/**
 * Milliseconds of a duration as people write it: `500ms`, `10s`, `8m`, `1h`, `1m30s`.
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

/** A short text for people: `480 ms`, `12.3 s`, `8 m 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds % 60 === 0 ? `${seconds / 60} m` : `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}
