import { formatDuration } from '../../core/base/duration.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { nameList } from '../../render/lines/paint.ts';
import { type Cell, type TableOptions, tableLines } from '../../render/lines/table.ts';
import { printReport } from '../print/print-report.ts';
import { type CliEnvironment, openSession, type ReadFlags, untilInterrupted } from '../session.ts';
import { type LockReport, type LocksReport, lockReport, readLocks } from './read-locks.ts';
import { environmentLockTimes } from './times.ts';

const COLUMNS = [
  { title: 'HOST' },
  { title: 'LOCKED BY' },
  { title: 'VERB' },
  { title: 'FOR' },
  { title: 'LAST SIGN' },
  { title: 'NOTES' },
];

/** `api7-orch lock show`. @returns 0; 3 when a host did not respond; 6 */
export async function lockShow(pattern: string, flags: ReadFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const names = selectHosts(inventory, pattern).map(({ name }) => name);
  await using session = await openSession({ inventory, hosts: names, flags, safePoint: false, environment });
  return await untilInterrupted(session, async () => {
    const times = environmentLockTimes();
    const { seen, errors } = await readLocks(session, names);
    const report = { hosts: seen.map((each) => lockReport(each, times)), errors };
    await printReport(report, lockLines, flags, environment.stdout);
    return errors.length > 0 ? 3 : 0;
  });
}

/** `lock show` for people. */
export function lockLines({ hosts, errors }: LocksReport, options: TableOptions): readonly string[] {
  const held = hosts.filter(({ lock }) => lock !== null);
  const free = hosts.filter(({ lock }) => lock === null).map(({ host }) => host);
  return [
    ...(held.length === 0 ? [] : tableLines(COLUMNS, held.map(rowOf), options)),
    ...(free.length === 0 ? [] : [`not locked: ${nameList(free)}`]),
    ...errors.map(({ code, host, message }) => options.paint('red', `${code} on ${host}: ${message}`)),
  ];
}

function rowOf({ host, lock }: LockReport): readonly Cell[] {
  if (lock === null) return [host];
  const notes = [
    ...(lock.expired ? ['expired: the next run takes it over'] : []),
    ...(lock.stop === null ? [] : [`asked to stop by ${lock.stop.by}: ${lock.stop.reason}`]),
    ...(lock.call === null ? [] : [`under way: ${lock.call}`]),
    `run ${lock.run}`,
  ];
  return [
    host,
    lock.by,
    lock.verb,
    formatDuration(lock.heldFor * 1000),
    formatDuration(lock.lastBeat * 1000),
    notes.join('; '),
  ];
}
