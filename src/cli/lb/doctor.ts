import { randomUUID } from 'node:crypto';
import { dateOf } from '../../core/base/clock.ts';
import { parseDuration } from '../../core/base/duration.ts';
import type { Emit, ErrorInfo } from '../../core/event/event.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import { redactError } from '../../core/event/redact-event.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { lockScopeOf } from '../../traffic/lock-scope.ts';
import { commandOn } from '../command-on.ts';
import { namingSlowHosts } from '../naming-slow-hosts.ts';
import { printReport } from '../print/print-report.ts';
import { rollOptions } from '../run/roll-options.ts';
import { withoutBalancers } from '../run/without-balancers.ts';
import { runPlays } from '../run-plays.ts';
import { type CliEnvironment, openSession, type ReadFlags, type Session, untilInterrupted } from '../session.ts';
import { type Diagnosis, diagnose } from './doctor/diagnose.ts';
import { type Examined, examine } from './doctor/examine.ts';
import { type DoctorReport, keyOfFinding } from './doctor/finding.ts';
import { fixPlays } from './doctor/plays.ts';
import { doctorLines } from './doctor/table.ts';

export interface DoctorFlags extends ReadFlags {
  readonly fix?: boolean;
  /** How long to wait for a run that holds a host's lock. */
  readonly lockWait: string;
}

/** The work of `--fix`; known after everything was read. */
interface Fix {
  readonly nodes: readonly string[];
  /** Hosts of balancers without a response. */
  readonly gone: readonly string[];
}

/**
 * `api7-orch lb doctor`: leftovers of earlier runs. With `--fix` it restores nodes and removes leftovers.
 *
 * @returns 0 when there is nothing to repair; 3 when something is left, or could not be read; 5; 6
 */
export async function lbDoctor(flags: DoctorFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const { code, report } = await doctor(inventory, flags, environment);
  // After the session, so that the output of a repair is complete.
  if (report !== undefined) await printReport(report, doctorLines, flags, environment.stdout);
  return code;
}

interface Ended {
  readonly code: number;
  readonly report?: DoctorReport;
}

async function doctor(inventory: Inventory, flags: DoctorFlags, environment: CliEnvironment): Promise<Ended> {
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
        // Cleaning up a host concerns no balancer.
        scope: (names) => ({ ...lockScopeOf(inventory, fix.gone)(fix.nodes), names }),
      },
      ...(flags.output === 'json' ? {} : { view: {} }),
    }),
  });
  const first = await look(inventory, session, environment, run);
  if (typeof first === 'number') return { code: first };
  const { seen, found } = first;
  if (flags.fix !== true || (found.nodes.length === 0 && found.clean.size === 0))
    return { code: codeOf(found), report: found.report };
  const balancers = new Set(seen.snapshot.found.map(({ poolMember }) => poolMember.balancer.host));
  const gone = seen.unreachable.filter((host) => balancers.has(host));
  const tried = new Set<string>();
  let left = found;
  // A node that was skipped, because no other member of its pool got requests, can be repaired once another one does.
  do {
    fix = { nodes: left.nodes, gone };
    for (const node of left.nodes) tried.add(node);
    const { exitCode, errors } = await repair(inventory, session, { fix, found: left, run });
    if (ENDS.has(exitCode))
      return {
        code: exitCode,
        ...(flags.output === 'json' ? { report: { ...found.report, fixed: [], errors } } : {}),
      };
    const again = await look(inventory, session, environment, run);
    if (typeof again === 'number') return { code: again };
    left = again.found;
  } while (left.nodes.some((node) => !tried.has(node)));
  const keys = new Set(left.report.findings.map(keyOfFinding));
  const fixed = found.report.findings.filter((finding) => !keys.has(keyOfFinding(finding)));
  return { code: codeOf(left), report: { ...left.report, fixed } };
}

/** Reads and judges everything. @returns an exit code when it was interrupted */
async function look(
  inventory: Inventory,
  session: Session,
  environment: CliEnvironment,
  ownRun: string,
): Promise<number | { readonly seen: Examined; readonly found: Diagnosis }> {
  const { clock, forks } = session;
  let looked: { readonly seen: Examined; readonly found: Diagnosis } | undefined;
  const code = await untilInterrupted(session, async () => {
    const seen = await namingSlowHosts(session, environment, (hosts) => examine(inventory, { hosts, forks }));
    looked = { seen, found: diagnose(inventory, seen, { at: dateOf(clock), ownRun }) };
    return EXIT_CODES.ok;
  });
  return looked ?? code;
}

/** Exit codes that end the verb after a repair: nothing more is read. */
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
      command: 'lb doctor --fix',
      cluster: inventory.cluster,
      plays: () => fixPlays(withoutBalancers(inventory, fix.gone), found),
      goOn: () => commandOn(inventory, ['lb', 'doctor', '--fix']),
      select: (pattern) => selectHosts(inventory, pattern),
    },
  );
  return { exitCode, errors };
}
