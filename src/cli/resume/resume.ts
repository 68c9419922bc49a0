import { systemClock } from '../../core/base/clock.ts';
import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { loadInventory } from '../../inventory/load.ts';
import { drifted, driftOf, driftText } from '../../runs/drift.ts';
import { findRun } from '../../runs/find-run.ts';
import { hostsWithRecords } from '../../runs/record-hosts.ts';
import { commandOf } from '../../runs/run-command.ts';
import { invalidRecord, type RunRecord } from '../../runs/run-record.ts';
import { type LoadedPlaybook, loadPlaybook } from '../load-playbook.ts';
import { report } from '../print/print-error.ts';
import type { AskedPasswords } from '../prompt/asked-passwords.ts';
import { parseExtraVars } from '../run/extra-vars.ts';
import { playsOf, type ReadyPlaybook } from '../run/plays-of.ts';
import { run } from '../run/run.ts';
import type { RunFlags } from '../run/run-flags.ts';
import { startOf } from '../run/start-of.ts';
import { withoutBalancers } from '../run/without-balancers.ts';
import { recordsOf } from '../runs/records-of.ts';
import { type CliEnvironment, openSession } from '../session.ts';

export interface ResumeFlags extends RunFlags {
  /** Inputs may differ from those of the start. */
  readonly replan?: boolean;
  /** File of the playbook: a host's record alone never loads a file. */
  readonly playbook?: string;
}

/**
 * `api7-orch resume`: finds an unfinished run on the hosts, and runs its playbook again with the same variables and
 * hosts. Finished work is detected there and stays.
 *
 * @returns the exit code of the run; 2 when there is nothing to resume, or the inputs differ
 */
export async function resume(
  id: string | undefined,
  flags: ResumeFlags,
  environment: CliEnvironment = {},
): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const { record, passwords } = await find(id, inventory, flags, environment);
  if (record instanceof OrchError) return refused(record, environment);
  const job = await jobOf(record, inventory, flags).catch((error: unknown) => {
    if (error instanceof OrchError && REFUSED.has(error.code)) return error;
    throw error;
  });
  if (job instanceof OrchError) return refused(job, environment);
  // A new plan also resolves tags again.
  const images = flags.replan === true ? [] : record.images;
  return await run(job.name, job.flags, { environment, resumes: record, images, passwords, note: job.note });
}

const REFUSED: ReadonlySet<string> = new Set(['RESUME_DRIFT', 'RUN_RECORD_INVALID']);

function refused(error: OrchError, { stderr = process.stderr }: CliEnvironment): number {
  report(error, stderr);
  return EXIT_CODES.refused;
}

/** In its own session: the locks of the run follow from its record. */
async function find(
  run: string | undefined,
  inventory: Inventory,
  flags: ResumeFlags,
  environment: CliEnvironment,
): Promise<{ readonly record: RunRecord | OrchError; readonly passwords: AskedPasswords }> {
  await using session = await openSession({
    inventory,
    hosts: hostsWithRecords(inventory, flags.withoutLb),
    flags,
    safePoint: false,
    environment: { clock: systemClock, ...environment },
  });
  const { passwords } = session;
  const found = await recordsOf(session, inventory, flags.withoutLb);
  try {
    return { record: findRun(found, { cluster: inventory.cluster, run }), passwords };
  } catch (error) {
    if (error instanceof OrchError) return { record: error, passwords };
    throw error;
  }
}

interface Job {
  readonly name: string;
  readonly flags: RunFlags;
  readonly note: string;
}

/**
 * What to run. The record is host input: it supplies only the name of a playbook, that playbook's variables, and hosts
 * of the inventory. The present operator must accept risks again.
 */
async function jobOf(record: RunRecord, inventory: Inventory, flags: ResumeFlags): Promise<Job> {
  const { request, run: id, begun } = record;
  if (request.byPath && flags.playbook === undefined)
    throw new OrchError('USAGE', `run ${id} was given the file of its playbook, ${request.playbook}`, {
      hint: `name that file on this machine: --playbook ./${request.playbook}.ts`,
    });
  const given = parseExtraVars(flags.extraVars);
  const missing = request.withheld.filter((name) => !Object.hasOwn(given, name));
  if (missing.length > 0)
    throw new OrchError('EXTRA_VARS', `run ${id} was given values that are not recorded: ${missing.join(', ')}`, {
      hint: `give them again: ${missing.map((name) => `-e ${name}=VALUE`).join(' ')}`,
    });
  const name = flags.playbook ?? request.playbook;
  const { playbook, path } = await loadPlaybook(name);
  const ready = readyOf(playbook, withoutBalancers(inventory, flags.withoutLb), record, given);
  const merged: RunFlags = {
    ...flags,
    ...defined({ limit: request.limit }),
    extraVars: [JSON.stringify(request.vars), ...flags.extraVars],
  };
  const now = await startOf({ run: id, name, path, ready, inventory, asInFile: inventory, flags: merged });
  const drift = driftOf(record, now);
  if (drift.length > 0 && flags.replan !== true) throw drifted(id, drift);
  const accepted = drift.length === 0 ? '' : `; accepted as it differs: ${driftText(drift)}`;
  const note = `resumes run ${id} of ${begun.by}, begun ${begun.at}: ${commandOf({ ...request, accepted: [] })}${accepted}`;
  return { name, flags: merged, note };
}

/** Variables of the record belong to the playbook: others would change the inventory. */
function readyOf(
  playbook: LoadedPlaybook['playbook'],
  inventory: Inventory,
  { run: id, request: { vars } }: RunRecord,
  given: Readonly<Record<string, unknown>>,
): ReadyPlaybook {
  try {
    const ready = playsOf(playbook, inventory, { ...vars, ...given });
    const other = Object.keys(vars).find((name) => !ready.declares(name));
    if (other === undefined) return ready;
    throw new OrchError('EXTRA_VARS', `playbook "${playbook.name}": it has no variable "${other}"`);
  } catch (error) {
    if (error instanceof OrchError && error.code === 'EXTRA_VARS') throw invalidRecord({ run: id }, error.message);
    throw error;
  }
}
