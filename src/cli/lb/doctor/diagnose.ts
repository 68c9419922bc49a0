import { redact } from '../../../core/base/redact.ts';
import { redactError } from '../../../core/event/redact-event.ts';
import type { Inventory } from '../../../inventory/inventory.ts';
import type { Leftover } from '../../../tasks/leftovers.ts';
import { commandOn } from '../../command-on.ts';
import { lockReport, type SeenLock } from '../../lock/read-locks.ts';
import { environmentLockTimes } from '../../lock/times.ts';
import type { Examined } from './examine.ts';
import { type DoctorReport, type Finding, type Note, OF_HOST, timeOf } from './finding.ts';
import { memberFinding, type Scene } from './member-finding.ts';

/** The findings, and what `--fix` needs to know about them. */
export interface Diagnosis {
  readonly report: DoctorReport;
  /** Nodes that can be restored. */
  readonly nodes: readonly string[];
  /** Leftovers that can be removed, by host; also hosts with only a lock to remove. */
  readonly clean: ReadonlyMap<string, readonly Leftover[]>;
}

/** Judges what was read. Pure. `ownRun`: of a running `--fix`, whose locks are no finding. */
export function diagnose(
  inventory: Inventory,
  seen: Examined,
  { at, ownRun }: { readonly at: Date; readonly ownRun?: string },
): Diagnosis {
  const locks = seen.hosts.flatMap(({ host, lock: view }) => (view === undefined ? [] : [{ host, view }]));
  const others = locks.filter(({ view }) => view.record?.run !== ownRun);
  const alive = others.filter(isAlive);
  const command = (...words: readonly string[]): string => commandOn(inventory, words);
  const scene: Scene = {
    inventory,
    seen,
    at,
    alive: new Set(alive.flatMap(({ view }) => view.record?.run ?? [])),
    fix: command('lb', 'doctor', '--fix'),
    reinstall: (host) => command('run', 'install', '--limit', host),
    restore: (node) => command('lb', 'restore', node),
  };
  const members = seen.snapshot.found.map((one) => memberFinding(scene, one));
  const expired = others.filter((lock) => !isAlive(lock)).flatMap((lock) => expiredLock(scene, lock));
  // Leftovers of a live run are in use.
  const idle = seen.hosts.filter(({ host }) => !alive.some((lock) => lock.host === host));
  const leftovers = idle.flatMap(({ host, leftovers: all }) =>
    all.map((left) => ({ left, finding: leftoverFinding(scene, host, left) })),
  );
  const findings = [
    ...members.flatMap(({ finding }) => finding ?? []),
    ...expired,
    ...leftovers.map(({ finding }) => finding),
  ];
  const clean = new Map<string, readonly Leftover[]>(expired.map(({ host }) => [host, []]));
  for (const { left, finding } of leftovers)
    if (finding.fixable) clean.set(finding.host, [...(clean.get(finding.host) ?? []), left]);
  return {
    report: {
      cluster: inventory.cluster,
      at: at.toISOString(),
      findings,
      notes: [...members.flatMap(({ note }) => note ?? []), ...strayNotes(seen), ...alive.flatMap(lockNote)],
      errors: seen.errors.map(redactError),
    },
    nodes: [...new Set(findings.flatMap(({ node }) => node ?? []))].filter((node) =>
      findings.every((finding) => finding.node !== node || finding.fixable),
    ),
    clean,
  };
}

const isAlive = (lock: SeenLock): boolean => lockReport(lock, environmentLockTimes()).lock?.expired === false;

function expiredLock({ fix }: Scene, { host, view: { record, old } }: SeenLock): readonly Finding[] {
  const last = record ?? old[0];
  if (last === undefined) return [];
  const about = { host, item: last.run, since: timeOf(last.since * 1000), by: redact(last.by) };
  const what = `lock of a run that has ended (${last.verb})`;
  return [{ ...OF_HOST, ...about, kind: 'lock', what, fixable: true, next: fix }];
}

function lockNote({ host, view: { record } }: SeenLock): readonly Note[] {
  if (record === null) return [];
  const { run, by, verb, since } = record;
  const what = `locked by a run that is alive (${verb})`;
  return [{ ...OF_HOST, kind: 'lock', host, item: run, by: redact(by), since: timeOf(since * 1000), what }];
}

/** Leases of another inventory that shares the balancer, or of a host removed from this one. */
const strayNotes = ({ snapshot }: Examined): readonly Note[] =>
  snapshot.strays.map(({ host, path }) => ({
    ...OF_HOST,
    kind: 'stray-lease',
    host,
    item: path,
    what: `lease of no member of this inventory: ${path}`,
  }));

function leftoverFinding({ fix, reinstall }: Scene, host: string, left: Leftover): Finding {
  const item = redact('file' in left ? left.file : left.container);
  const about = { ...OF_HOST, kind: 'leftover', host, item } as const;
  if ('container' in left && left.isLast) {
    const what = `container ${item} is all that is left of ${redact(left.replaces)}`;
    return { ...about, what, fixable: false, next: reinstall(host) };
  }
  const what = 'file' in left ? `leftover ${item}` : `leftover container ${item}`;
  return { ...about, what, fixable: true, next: fix };
}
