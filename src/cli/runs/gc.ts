import { rmSync } from 'node:fs';
import { dateOf, systemClock } from '../../core/base/clock.ts';
import { sha256 } from '../../core/base/data.ts';
import { parseDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { safeText } from '../../core/base/safe-text.ts';
import { ROOT_FILE } from '../../core/host/root-only.ts';
import { loadInventory } from '../../inventory/load.ts';
import { journalDirectory } from '../../journal/journal.ts';
import { count } from '../../render/lines/paint.ts';
import { sinkOf } from '../../render/sink.ts';
import { isReplaced } from '../../runs/find-run.ts';
import { hostsWithRecords } from '../../runs/record-hosts.ts';
import { isFinished, RUN_RECORD_LIMIT, runRecordPath } from '../../runs/run-record.ts';
import { type CliEnvironment, openSession, type Session, type SessionFlags, untilInterrupted } from '../session.ts';
import { localJournals } from './local-journals.ts';
import { recordsOf } from './records-of.ts';

export interface GcFlags extends Omit<SessionFlags, 'inventory'> {
  readonly inventory?: string;
  readonly olderThan: string;
}

/** `api7-orch runs gc`: removes journals and records of finished runs. @returns 0; 3 when a host did not respond; 6 */
export async function runsGc(flags: GcFlags, environment: CliEnvironment = {}): Promise<number> {
  const { clock = systemClock, stdout = process.stdout } = environment;
  const out = sinkOf(stdout);
  const before = new Date(dateOf(clock).getTime() - ageMs(flags.olderThan)).toISOString();
  const journals = localJournals(journalDirectory()).filter(({ end, at }) => end !== undefined && at < before);
  for (const { file } of journals) rmSync(file, { force: true });
  out.write(`removed ${count(journals.length, 'journal')} of this machine\n`);
  const code =
    flags.inventory === undefined
      ? 0
      : await onHosts(flags, flags.inventory, environment, before, (text) => out.write(`${safeText(text)}\n`));
  await out.flush();
  return code;
}

async function onHosts(
  flags: GcFlags,
  file: string,
  environment: CliEnvironment,
  before: string,
  say: (text: string) => void,
): Promise<number> {
  const inventory = await loadInventory(file);
  const hosts = hostsWithRecords(inventory);
  await using session = await openSession({
    inventory,
    hosts,
    flags: { ...flags, inventory: file },
    safePoint: false,
    environment,
  });
  return await untilInterrupted(session, async () => {
    const found = await recordsOf(session, inventory);
    const ours = found.runs.filter(({ record }) => record.cluster === inventory.cluster);
    const old = ours.filter(
      ({ record }, at) => (isFinished(record) || isReplaced(record, ours.slice(0, at))) && record.begun.at < before,
    );
    const removed = await Promise.all(
      old.flatMap(({ record, hosts: on }) => on.map((host) => removeFrom(session, host, record.run))),
    );
    say(`removed ${count(removed.filter(Boolean).length, 'record')} of ${count(old.length, 'run')} on hosts`);
    for (const { code, host, message } of found.errors) say(`${code} on ${host}: ${message}`);
    return found.errors.length > 0 ? 3 : 0;
  });
}

/** By compare and swap: a run that is being resumed stays. */
async function removeFrom({ hosts }: Session, host: string, run: string): Promise<boolean> {
  const connection = await hosts.get(host);
  const path = runRecordPath(run);
  const content = await connection.read(path, RUN_RECORD_LIMIT);
  return content !== null && (await connection.swapFile(path, { from: sha256(content), to: null }, ROOT_FILE));
}

const DAY_MS = 24 * 3_600_000;

/** @throws OrchError DURATION_INVALID */
function ageMs(text: string): number {
  const days = /^(\d{1,5})d$/.exec(text.trim())?.[1];
  if (days !== undefined) return Number(days) * DAY_MS;
  try {
    return parseDuration(text);
  } catch (error) {
    throw new OrchError('DURATION_INVALID', `"${text}" is not an age`, {
      hint: 'write for example 30d or 12h',
      cause: error,
    });
  }
}
