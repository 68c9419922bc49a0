import { typedLine } from '../../../core/base/argv.ts';
import { redact } from '../../../core/base/redact.ts';
import { redactError } from '../../../core/event/redact-event.ts';
import type { Inventory } from '../../../inventory/inventory.ts';
import { LOCK_TIMES } from '../../../lock/lock-times.ts';
import type { Leftover } from '../../../tasks/leftovers.ts';
import { lockReport } from '../../lock/read-locks.ts';
import type { Examined } from './examine.ts';
import { type DoctorReport, type Finding, timeOf } from './finding.ts';
import { memberFinding, type Scene } from './member-finding.ts';

/** What is found, and what `--fix` needs to know about it. */
export interface Diagnosis {
  readonly report: DoctorReport;
  /** Nodes that can be restored. */
  readonly nodes: readonly string[];
  /** Leftovers that can be removed, by host; also the hosts of which only the lock is to go. */
  readonly clean: ReadonlyMap<string, readonly Leftover[]>;
}

/**
 * Judges what was read. Pure. `ownRun`: of a `--fix` that is under way, whose locks are no finding.
 */
export function diagnose(
  inventory: Inventory,
  seen: Examined,
  { at, ownRun }: { readonly at: Date; readonly ownRun?: string },
): Diagnosis {
  const locks = seen.hosts.flatMap(({ host, lock }) => (lock === undefined ? [] : [{ host, view: lock }]));
  const reports = new Map(locks.map((each) => [each.host, lockReport(each, LOCK_TIMES.ttlMs).lock]));
  const held = [...reports].flatMap(([host, lock]) =>
    lock === null || lock.expired || lock.run === ownRun ? [] : [{ host, lock }],
  );
  const busy = new Set(held.map(({ host }) => host));
  const command = (...words: readonly string[]): string => typedLine(['api7-orch', ...words, '-i', inventory.file]);
  const scene: Scene = {
    inventory,
    seen,
    at,
    alive: new Set(held.map(({ lock }) => lock.run)),
    fix: command('lb', 'doctor', '--fix'),
    restore: (node) => command('lb', 'restore', node),
  };
  const members = seen.snapshot.found.map((one) => memberFinding(scene, one));
  const expired = locks.flatMap(({ host, view }): readonly Finding[] => {
    const lock = reports.get(host);
    const last = view.record ?? view.old[0];
    if (last === undefined || busy.has(host) || last.run === ownRun) return [];
    if (lock?.expired !== true && view.old.length === 0) return [];
    const what = `lock of a run that has ended (${last.verb})`;
    return [
      {
        ...{ kind: 'lock', host, node: null, pool: null, item: last.run, what, fixable: true, next: scene.fix },
        ...{ since: timeOf(last.since * 1000), by: redact(last.by) },
      },
    ];
  });
  // What a living run has on its hosts is in use.
  const idle = seen.hosts.filter(({ host }) => !busy.has(host));
  const leftovers = idle.flatMap(({ host, leftovers }) =>
    leftovers.map((left) => ({ left, finding: leftoverFinding(host, left, scene, command) })),
  );
  const findings = [
    ...members.flatMap(({ finding }) => finding ?? []),
    ...expired,
    ...leftovers.map(({ finding }) => finding),
  ];
  const clean = new Map<string, readonly Leftover[]>(expired.map(({ host }) => [host, []]));
  for (const { left, finding } of leftovers)
    if (finding.fixable) clean.set(finding.host, [...(clean.get(finding.host) ?? []), left]);
  const isLease = ({ kind, fixable }: Finding): boolean => fixable && (kind === 'lease' || kind === 'lost-drain');
  return {
    report: {
      cluster: inventory.cluster,
      at: at.toISOString(),
      findings,
      notes: [
        ...members.flatMap(({ note }) => note ?? []),
        ...seen.snapshot.strays.map(({ host, path }) => ({
          ...({ kind: 'stray-lease', host, node: null, pool: null, item: path, since: null, by: null } as const),
          what: 'lease of no member of this inventory',
        })),
        ...held.map(({ host, lock }) => ({
          ...({ kind: 'lock', host, node: null, pool: null, item: lock.run, by: redact(lock.by) } as const),
          what: `locked by a run that is alive (${lock.verb})`,
          since: timeOf(at.getTime() - lock.heldFor * 1000),
        })),
      ],
      errors: seen.errors.map(redactError),
    },
    nodes: [...new Set(findings.filter(isLease).flatMap(({ node }) => node ?? []))],
    clean,
  };
}

function leftoverFinding(
  host: string,
  left: Leftover,
  { fix }: Scene,
  command: (...words: readonly string[]) => string,
): Finding {
  const isLast = 'container' in left && left.isLast;
  const item = redact('file' in left ? left.file : left.container);
  return {
    ...{ kind: 'leftover', host, node: null, pool: null, item, since: null, by: null },
    what: isLast
      ? `container ${item} is all that is left of ${redact(left.replaces)}`
      : 'file' in left
        ? `leftover ${item}`
        : `leftover container ${item}`,
    fixable: !isLast,
    next: isLast ? command('run', 'install', '--limit', host) : fix,
  };
}
