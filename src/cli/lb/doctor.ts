import { randomUUID } from 'node:crypto';
import { typedLine } from '../../core/base/argv.ts';
import { dateOf } from '../../core/base/clock.ts';
import { parseDuration } from '../../core/base/duration.ts';
import type { Emit, ErrorInfo } from '../../core/event/event.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import { redactError } from '../../core/event/redact-event.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { lockScopeOf } from '../../traffic/lock-scope.ts';
import { printReport } from '../print-report.ts';
import { rollOptions } from '../run/roll-options.ts';
import { withoutBalancers } from '../run/without-balancers.ts';
import { runPlays } from '../run-plays.ts';
import { type CliEnvironment, openSession, type ReadFlags, type Session, untilInterrupted } from '../session.ts';
import { type Diagnosis, diagnose } from './doctor/diagnose.ts';
import { examine } from './doctor/examine.ts';
import { keyOfFinding } from './doctor/finding.ts';
import { fixPlays } from './doctor/plays.ts';
import { doctorLines } from './doctor/table.ts';

export interface DoctorFlags extends ReadFlags {
  readonly fix?: boolean;
  /** How long a run that holds the lock of a host is waited for. */
  readonly lockWait: string;
}

/** What `--fix` works on; known once everything was read. */
interface Fix {
  readonly nodes: readonly string[];
  /** Hosts of balancers that do not respond. */
  readonly gone: readonly string[];
}

/**
 * `api7-orch lb doctor`: what earlier runs left behind. With `--fix` it restores nodes and removes what is left.
 *
 * @returns 0 when there is nothing to repair; 3 when something is left, or could not be read; 5; 6
 */
export async function lbDoctor(flags: DoctorFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory, { env: process.env, extraVars: {} });
  const run = randomUUID();
  let fix: Fix = { nodes: [], gone: [] };
  await using session = await openSession({
    inventory,
    hosts: [...inventory.hosts.keys()],
    flags,
    safePoint: flags.fix === true,
    environment,
    ...(flags.fix === true && {
      record: 'lb doctor',
      locks: {
        run,
        verb: 'lb doctor',
        waitMs: parseDuration(flags.lockWait),
        // A host that is only cleaned up concerns no balancer.
        scope: (names) => ({ ...lockScopeOf(inventory, fix.gone)(fix.nodes), names }),
      },
      ...(flags.output === 'json' ? {} : { view: {} }),
    }),
  });
  let found: Diagnosis | undefined;
  const look = (): Promise<number> =>
    untilInterrupted(session, async () => {
      const seen = await examine(inventory, session);
      found = diagnose(inventory, seen, { at: dateOf(session.clock), ownRun: run });
      fix = {
        nodes: found.nodes,
        gone: seen.unreachable.filter((host) => seen.snapshot.found.some(({ seat }) => seat.balancer.host === host)),
      };
      return 0;
    });
  const looked = await look();
  if (looked !== 0 || found === undefined) return looked;
  const before = found;
  if (flags.fix !== true || (before.nodes.length === 0 && before.clean.size === 0)) {
    await printReport(before.report, doctorLines, flags, environment.stdout);
    return codeOf(before);
  }
  const { exitCode, errors } = await repair(inventory, session, { fix, found: before, run });
  if (ENDS.has(exitCode)) {
    if (flags.output === 'json')
      await printReport({ ...before.report, fixed: [], errors }, doctorLines, flags, environment.stdout);
    return exitCode;
  }
  const again = await look();
  if (again !== 0) return again;
  const left = new Set(found.report.findings.map(keyOfFinding));
  const fixed = before.report.findings.filter((finding) => !left.has(keyOfFinding(finding)));
  await printReport({ ...found.report, fixed }, doctorLines, flags, environment.stdout);
  return codeOf(found);
}

/** What ends the verb as it ended the repair: nothing more is looked at. */
const ENDS: ReadonlySet<number> = new Set([EXIT_CODES.locked, EXIT_CODES.interrupted, EXIT_CODES.internal]);

const codeOf = ({ report: { findings, errors } }: Diagnosis): number =>
  findings.length + errors.length > 0 ? EXIT_CODES.partial : EXIT_CODES.ok;

interface Repair {
  readonly fix: Fix;
  readonly found: Diagnosis;
  readonly run: string;
}

async function repair(
  inventory: Inventory,
  session: Session,
  { fix, found, run }: Repair,
): Promise<{ readonly exitCode: number; readonly errors: readonly ErrorInfo[] }> {
  let errors: readonly ErrorInfo[] = [];
  const emit: Emit = (event) => {
    if (event.type === 'run.end') errors = event.errors.map(redactError);
    session.emit(event);
  };
  const flags = { withoutLb: fix.gone, reason: 'it does not respond', onHold: 'stop', onFailure: 'stop' } as const;
  const exitCode = await runPlays(
    session,
    {
      ...rollOptions(inventory, { ...flags, skipUnreachable: true }, { ...session, run }),
      ...{ emit, check: false, diff: false },
    },
    {
      title: 'lb doctor',
      cluster: inventory.cluster,
      plays: () => fixPlays(withoutBalancers(inventory, fix.gone), found),
      goOn: () => typedLine(['api7-orch', 'lb', 'doctor', '--fix', '-i', inventory.file]),
      select: (pattern) => selectHosts(inventory, pattern),
    },
  );
  return { exitCode, errors };
}
