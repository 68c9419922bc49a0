import { LONGEST_MS } from './duration.ts';

const UNITS: Readonly<Record<string, number>> = {
  y: 365 * 86_400_000,
  M: 30 * 86_400_000,
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

/**
 * Milliseconds of a time in nginx's notation (`ngx_parse_time`): units from the largest to the smallest, each once,
 * optional spaces between them. A number without a unit is seconds. Values beyond the longest timer are cut to it.
 * Undefined if the text is no time.
 *
 * @example nginxTime('1h 30m') // 5_400_000
 * @example nginxTime('300') // 300_000
 */
export function nginxTime(text: string): number | undefined {
  const names = Object.keys(UNITS);
  let total = 0;
  let last = -1;
  const rest = text.trim().replaceAll(/(\d{1,15})(ms|[yMwdhms])?(?:\s+|$|(?=\d))/g, (_, amount: string, unit = 's') => {
    const at = names.indexOf(unit);
    total = at > last ? total + Number(amount) * (UNITS[unit] ?? Number.NaN) : Number.NaN;
    last = at;
    return '';
  });
  return rest !== '' || last < 0 || Number.isNaN(total) ? undefined : Math.min(total, LONGEST_MS);
}
