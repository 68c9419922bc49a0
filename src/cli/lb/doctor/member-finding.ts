import { redact } from '../../../core/base/redact.ts';
import type { Balancer, Lease, MemberView, ServerView } from '../../../core/host/balancer.ts';
import type { Inventory } from '../../../inventory/inventory.ts';
import { acceptsRequests, isDrainedOrMaintenance } from '../../../lb/read-member.ts';
import { oneLine } from '../../../render/lines/paint.ts';
import type { PoolMember } from '../../../traffic/pool-member.ts';
import type { MemberReading } from '../../../traffic/pool-snapshot.ts';
import { commandOn } from '../../command-on.ts';
import { memberAcceptsRequests } from '../report.ts';
import type { Examined } from './examine.ts';
import { type Finding, type Note, timeOf } from './finding.ts';

/** What members are judged by. */
export interface Scene {
  readonly inventory: Inventory;
  readonly seen: Examined;
  readonly at: Date;
  /** Runs that hold a lock and show signs of life. */
  readonly alive: ReadonlySet<string>;
  /** Commands for the operator. */
  readonly fix: string;
  reinstall(host: string): string;
  restore(node: string): string;
}

export interface OfMember {
  readonly finding?: Finding;
  readonly note?: Note;
}

/** The finding about one balancer's view of a member. */
export function memberFinding(scene: Scene, one: MemberReading): OfMember {
  if ('error' in one) return {};
  const { poolMember, view } = one;
  const location = {
    host: poolMember.balancer.host,
    node: poolMember.member.node,
    pool: poolMember.pool.name,
    item: null,
  };
  const { lease } = view;
  if (lease === null && view.held.length > 0) return { finding: externalDrain(scene.at, location, poolMember, view) };
  if (lease === null) return view.soaking === undefined ? {} : notSoaked(scene, location, poolMember, view.soaking);
  const about = { ...location, since: timeOf(Date.parse(lease.at)), by: redact(lease.by) };
  const isLost = view.servers.some(acceptsRequests);
  const kind = isLost ? 'lost-drain' : 'lease';
  if (lease.kind === 'hand') {
    const held = `${poolMember.pool.name}: drained by lb drain (${oneLine(redact(lease.reason), 60)})`;
    if (!isLost) return { note: { ...about, kind, what: held } };
    const what = `${held}, but it gets requests: the balancer lost the drain`;
    const drain = commandOn(scene.inventory, ['lb', 'drain', poolMember.member.node]);
    const next = `to drain it again: ${drain} --reason TEXT; to end the drain: ${scene.restore(poolMember.member.node)}`;
    return { finding: { ...about, kind, what, next, fixable: false } };
  }
  if (lease.run !== undefined && scene.alive.has(lease.run))
    return { note: { ...about, kind, what: `${poolMember.pool.name}: a run that is alive works on it` } };
  const against = whyNotFixed(scene, poolMember.member.node) ?? (isLost ? whyKept(scene, poolMember) : undefined);
  const what = `${poolMember.pool.name}: ${leftState(poolMember, view, lease)}; its run has ended`;
  return { finding: { ...about, kind, what, fixable: against === undefined, next: against ?? scene.fix } };
}

/** The node is in service, but the run that changed it ended before its soak was passed. */
function notSoaked(scene: Scene, location: Location, { pool, member }: PoolMember, mark: Lease): OfMember {
  const about = {
    ...location,
    since: timeOf(Date.parse(mark.soaking ?? mark.at)),
    by: redact(mark.by),
    kind: 'soak',
  } as const;
  if (mark.run !== undefined && scene.alive.has(mark.run))
    return { note: { ...about, what: `${pool.name}: a run that is alive works on it` } };
  const what = `${pool.name}: in service after a change, but its soak was not passed; its run has ended`;
  const against = whyNotFixed(scene, member.node);
  return { finding: { ...about, what, fixable: against === undefined, next: against ?? scene.fix } };
}

function leftState({ balancer }: PoolMember, { servers }: MemberView, lease: Lease): string {
  const serving = servers.filter(acceptsRequests);
  if (serving.length === 0) return 'drained';
  const hasPart = serving.some(
    ({ name, setting }) => balancer.partOf !== undefined && Number(setting.weight) < Number(lease.before[name]?.weight),
  );
  return hasPart ? 'left with a part of its weight' : 'in service, as the balancer lost the drain';
}

type Location = Pick<Finding, 'host' | 'node' | 'pool' | 'item'>;

function externalDrain(
  at: Date,
  location: Location,
  { pool, balancer, member }: PoolMember,
  { servers, held }: MemberView,
): Finding {
  const out = servers.filter(({ name }) => held.includes(name));
  const states = [...new Set(out.map(({ state }) => state))].join(' and ');
  // Without times the result is infinite, which is no time.
  const longest = Math.max(...out.flatMap(({ sinceMs }) => sinceMs ?? []));
  return {
    ...location,
    kind: 'external-drain',
    what: `${pool.name}: ${states} without a lease: by another tool, a manual command or the configuration`,
    since: timeOf(at.getTime() - longest),
    by: null,
    fixable: false,
    next: `to restore ${member.node}, ${byHand(balancer, out)}`,
  };
}

/** How an operator resets servers that are drained without a lease. */
function byHand(balancer: Balancer, servers: readonly ServerView[]): string {
  const names = servers.filter(isDrainedOrMaintenance).map(({ name }) => name);
  return balancer.byHand?.(names) ?? `set ${names.join(', ')} back on ${balancer.host}`;
}

/**
 * Why a serving node is left unchanged: `--fix` would drain it again if it fails its checks, and it may be the last
 * one.
 */
function whyKept({ seen, restore }: Scene, { pool, balancer, member }: PoolMember): string | undefined {
  const others = seen.snapshot.found.filter(
    ({ poolMember }) => poolMember.balancer.name === balancer.name && poolMember.member.node !== member.node,
  );
  if (others.some(memberAcceptsRequests)) return undefined;
  return `no other member of ${pool.name} gets requests on ${balancer.host}; restore others first, or: ${restore(member.node)}`;
}

/** Why `--fix` does not restore a node, and the alternative; undefined: it does. */
function whyNotFixed({ seen, alive, restore }: Scene, node: string): string | undefined {
  const later = `when that is over: ${restore(node)}`;
  for (const one of seen.snapshot.found) {
    if (!('view' in one) || one.poolMember.member.node !== node) continue;
    const { lease, held } = one.view;
    const { name } = one.poolMember.balancer;
    if (lease?.kind === 'hand') return `${redact(lease.by)} holds it in ${name}; ${later}`;
    if (lease === null && held.length > 0) return `it is also drained without a lease in ${name}; ${later}`;
    if (lease?.run !== undefined && alive.has(lease.run)) return `a run that is alive works on it; ${later}`;
  }
  if (seen.unreachable.includes(node)) return `${node} cannot be reached to see if it is ready; ${restore(node)}`;
  return undefined;
}
