import { COUNTS } from '../../core/bounds/limits.ts';
import { unexpected } from './state.ts';

/** One line of HAProxy's `show stat`, by column name. An empty text where the column is not there. */
export type HaproxyStat = (column: string) => string;

/**
 * Parses `show stat` into lines by `backend/server`; a backend's own line is `backend/BACKEND`. Columns are found by
 * name: their number grows with every version.
 *
 * @throws OrchError LB_INVALID_REPLY
 */
export function parseStat(reply: string): ReadonlyMap<string, HaproxyStat> {
  const [header = '', ...rows] = reply.split('\n');
  if (!header.startsWith('# pxname,svname,')) throw unexpected('its statistics', reply);
  const columns = new Map(cells(header.slice(2)).map((name, index) => [name, index]));
  const stats = rows
    .filter((row) => row !== '')
    .map((row): readonly [string, HaproxyStat] => {
      // Most rows are asked for no more than their name: they stay as they are.
      const stat: HaproxyStat = (column) => cells(row)[columns.get(column) ?? -1] ?? '';
      const [backend = '', server = ''] = row.includes('"') ? cells(row) : row.split(',', 2);
      return [`${backend}/${server}`, stat];
    });
  return new Map(stats);
}

/** A number of `show stat`; an empty cell counts as none. */
export const count = (stat: HaproxyStat | undefined, column: string): number => Number(stat?.(column) || 0);

/** Cells of a CSV line; texts that HAProxy did not make itself stand in quotes and may hold commas. */
const cells = (row: string): readonly string[] =>
  [...row.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
  );

/**
 * What tells one HAProxy process from the one before it: a reload starts a new one.
 *
 * @throws OrchError LB_INVALID_REPLY
 */
export function parseEpoch(info: string): string {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (\\d+)$`, 'm').exec(info)?.[1];
  const pid = field('Pid');
  if (pid === undefined) throw unexpected('its process', info);
  // Versions before 2.4 tell no time of starting.
  return [pid, field('Start_time_sec')].filter((part) => part !== undefined).join('@');
}

/** Milliseconds, at least, since the process began; undefined where it does not say. */
export function parseRunning(info: string): number | undefined {
  const seconds = /^Uptime_sec: (\d+)$/m.exec(info)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/**
 * Names in the reply to `show table`.
 *
 * @throws OrchError LB_INVALID_REPLY when there are more of them than HAProxy is asked about
 */
export function parseTables(reply: string): readonly string[] {
  const names = [...reply.matchAll(/^# table: ([^,\n]+),/gm)].map(([, name = '']) => name);
  if (names.length > COUNTS.haproxyTables.most)
    throw unexpected(`at most ${COUNTS.haproxyTables.most} stick tables`, reply);
  return names;
}
