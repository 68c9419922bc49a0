import { COUNTS } from '../../core/bounds/limits.ts';
import { unexpected } from './state.ts';

/** One line of HAProxy's `show stat`, by column name. An empty text if the column does not exist. */
export type HaproxyStat = (column: string) => string;

/**
 * Parses `show stat` into lines by `backend/server`; a backend's own line is `backend/BACKEND`. Finds columns by name:
 * their number grows with each version.
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
      // Cells are split on demand: most rows are only asked for their name.
      const stat: HaproxyStat = (column) => cells(row)[columns.get(column) ?? -1] ?? '';
      const [backend = '', server = ''] = row.includes('"') ? cells(row) : row.split(',', 2);
      return [`${backend}/${server}`, stat];
    });
  return new Map(stats);
}

/** A number of `show stat`; an empty cell counts as 0. */
export const count = (stat: HaproxyStat | undefined, column: string): number => Number(stat?.(column) || 0);

/** Cells of a CSV line; texts from outside of HAProxy are in quotes and may hold commas. */
const cells = (row: string): readonly string[] =>
  [...row.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
  );

/**
 * Identifies the HAProxy process: a reload starts a new one.
 *
 * @throws OrchError LB_INVALID_REPLY
 */
export function parseEpoch(info: string): string {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (\\d+)$`, 'm').exec(info)?.[1];
  const pid = field('Pid');
  if (pid === undefined) throw unexpected('its process', info);
  // Versions before 2.4 do not report their start time.
  return [pid, field('Start_time_sec')].filter((part) => part !== undefined).join('@');
}

/** Minimum milliseconds since the process started; undefined if HAProxy does not report it. */
export function parseRunning(info: string): number | undefined {
  const seconds = /^Uptime_sec: (\d+)$/m.exec(info)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/**
 * Table names in the reply to `show table`.
 *
 * @throws OrchError LB_INVALID_REPLY when it has more tables than api7-orch asks about
 */
export function parseTables(reply: string): readonly string[] {
  const names = [...reply.matchAll(/^# table: ([^,\n]+),/gm)].map(([, name = '']) => name);
  if (names.length > COUNTS.haproxyTables.most)
    throw unexpected(`at most ${COUNTS.haproxyTables.most} stick tables`, reply);
  return names;
}
