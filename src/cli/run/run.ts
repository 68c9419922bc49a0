import './zod-without-eval.ts';
import { dateOf, systemClock } from '../../core/base/clock.ts';
import { defined } from '../../core/base/data.ts';
import { parseDuration } from '../../core/base/duration.ts';
import type { RunEvent } from '../../core/event/event.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { operatorName } from '../../local/operator.ts';
import { recordHosts } from '../../runs/record-hosts.ts';
import { commandOf } from '../../runs/run-command.ts';
import { newRunId } from '../../runs/run-id.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import { RunRecorder } from '../../runs/run-recorder.ts';
import { pullsOf } from '../../tasks/image/run-pulls.ts';
import { lockScopeOf } from '../../traffic/lock-scope.ts';
import { isPlaybookPath, loadPlaybook } from '../load-playbook.ts';
import type { AskedPasswords } from '../prompt/asked-passwords.ts';
import { runFiles, runPlays } from '../run-plays.ts';
import { type CliEnvironment, openSession } from '../session.ts';
import { parseExtraVars } from './extra-vars.ts';
import { playsOf } from './plays-of.ts';
import { resumeCommand } from './resume-command.ts';
import { rollOptions } from './roll-options.ts';
import type { RunFlags } from './run-flags.ts';
import { startOf } from './start-of.ts';
import { withoutBalancers } from './without-balancers.ts';

export interface RunOptions {
  readonly environment?: CliEnvironment;
  /** Record of the resumed run: this one continues under its id. */
  readonly resumes?: RunRecord;
  /** Images with their digests, from the record of that run. */
  readonly images?: readonly string[];
  readonly passwords?: AskedPasswords;
  /** Printed at the start. */
  readonly note?: string;
}

/** `api7-orch run`. @returns the exit code */
export async function run(name: string, flags: RunFlags, options: RunOptions = {}): Promise<number> {
  const { environment = {}, resumes, images = [], passwords, note } = options;
  const { clock = systemClock } = environment;
  const extraVars = parseExtraVars(flags.extraVars);
  const { playbook, path, ...source } = await loadPlaybook(name);
  const inventory = await loadInventory(flags.inventory, { extraVars });
  const ready = playsOf(playbook, withoutBalancers(inventory, flags.withoutLb), extraVars);
  const within =
    flags.limit === undefined ? undefined : new Set(selectHosts(inventory, flags.limit).map((host) => host.name));
  const check = flags.check ?? false;
  const scope = lockScopeOf(inventory, flags.withoutLb);
  const id = resumes?.run ?? newRunId(dateOf(clock));
  const locks = { run: id, verb: `run ${playbook.name}`, waitMs: parseDuration(flags.lockWait), scope };
  const asInFile = check || flags.extraVars.length === 0 ? inventory : await loadInventory(flags.inventory);
  const start = check ? undefined : await startOf({ run: id, name, path, ready, inventory, asInFile, flags });
  await using session = await openSession({
    inventory,
    hosts: [...(within ?? inventory.hosts.keys())],
    flags,
    safePoint: true,
    view: flags,
    environment,
    ...defined({ passwords }),
    ...(check ? {} : { record: playbook.name, locks }),
  });
  const files = runFiles();
  const pulls = pullsOf(files);
  pulls.resume(images);
  const recorder =
    start &&
    new RunRecorder({
      start,
      images: () => pulls.pinned(start.images),
      by: operatorName(),
      clock: session.clock,
      resumes,
      hostsFor: (names) => recordHosts(scope(names)),
      say: (message, host) => session.emit({ type: 'warning', host, message }),
    });
  pulls.onPin = (ref, digest) => {
    session.emit({ type: 'note', message: `image ${ref} is ${digest} for all hosts of this run` });
    recorder?.imagePinned();
  };
  pulls.onKept = (message, host) => session.emit({ type: 'warning', host, message });
  const emit = (event: RunEvent): void => {
    session.emit(event);
    recorder?.follow(event);
    if (event.type === 'run.start' && note !== undefined) session.emit({ type: 'note', message: note });
  };
  const code = await runPlays(
    session,
    {
      check,
      diff: flags.diff ?? false,
      emit,
      ...defined({ locks: session.locks && recorder?.over(session.locks) }),
      ...rollOptions(inventory, flags, { ...session, run: id }),
    },
    {
      title: playbook.name,
      ...source,
      cluster: inventory.cluster,
      ...(start === undefined ? {} : { run: id, command: commandOf({ ...start.request, accepted: [] }) }),
      plays: ready.plays,
      goOn: () =>
        recorder?.isKept === true
          ? resumeCommand(id, flags, { ...(isPlaybookPath(name) && { file: name }), withheld: ready.recorded.withheld })
          : ready.goOn(process.argv.slice(2)),
      select: (pattern) => selectHosts(inventory, pattern).filter((host) => within?.has(host.name) ?? true),
    },
    files,
  );
  await recorder?.close();
  return code;
}
