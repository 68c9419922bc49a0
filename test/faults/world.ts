import type { ErrorInfo } from '../../src/core/event/event.ts';
import type { Observation, Result, Step } from '../../src/rolling/types.ts';

// A small world for the machine to work on: nodes that run a version, two balancers that send them requests, and leases.
// Violations are detected here by their effects, not by the machine's reports.

export type Admin = 'ready' | 'drain' | 'maint';

export interface SimNode {
  version: number;
  running: boolean;
  /** The target version never becomes ready on it. */
  sick: boolean;
  reachable: boolean;
  /** In the lease since its drain: its version, if it was in full service then. */
  previous?: number | undefined;
}

export interface Member {
  admin: Admin;
  sessions: number;
  /** The settings that a lease of a run restores. */
  lease: Admin | undefined;
}

export interface World {
  readonly nodes: Record<string, SimNode>;
  /** By balancer, then by node. A node that is in none is not balanced. */
  readonly balancers: Record<string, Record<string, Member>>;
  readonly target: number;
}

export type FaultKind =
  /** It did not happen, and the machine gets that reply. */
  | 'fails'
  /** It happened on the first balancer only. */
  | 'half'
  /** It hung until its timeout: it did happen, and counts as failed. */
  | 'hangs'
  /** The node goes down before it; the effect on the balancers still happens. */
  | 'unreachable'
  /** The node goes down, and nothing happened. */
  | 'lost'
  /** It happened, and the reply was lost. */
  | 'replyLost'
  /** It happened, the first reply was lost, and the second one arrived. */
  | 'retried'
  /** The container dies with it. */
  | 'crash'
  /** A broken node recovers by itself with it. */
  | 'recovers';

export class Violation extends Error {
  override readonly name = 'Violation';
}

export const TARGET = 2;

export function makeWorld(ids: readonly string[], change: Readonly<Record<string, Partial<SimNode>>> = {}): World {
  const nodes = Object.fromEntries(
    ids.map((id) => [id, { version: 1, running: true, sick: false, reachable: true, ...change[id] }]),
  );
  const members = () =>
    Object.fromEntries(ids.map((id) => [id, { admin: 'ready', sessions: 0, lease: undefined } as Member]));
  return flow({ nodes, balancers: { 'lb-1': members(), 'lb-2': members() }, target: TARGET });
}

export const cloneWorld = (world: World): World => ({
  target: world.target,
  nodes: Object.fromEntries(Object.entries(world.nodes).map(([id, node]) => [id, { ...node }])),
  balancers: Object.fromEntries(
    Object.entries(world.balancers).map(([lb, all]) => [
      lb,
      Object.fromEntries(Object.entries(all).map(([id, member]) => [id, { ...member }])),
    ]),
  ),
});

export const isHealthy = (world: World, id: string): boolean => {
  const node = world.nodes[id];
  if (node === undefined) return false;
  return node.running && node.reachable && !(node.sick && node.version === world.target);
};

/** Called most often of all: a plain loop. */
export function membersOf(world: World, id: string): readonly Member[] {
  const members: Member[] = [];
  for (const lb in world.balancers) {
    const member = world.balancers[lb]?.[id];
    if (member !== undefined) members.push(member);
  }
  return members;
}

export const isServing = (world: World, id: string): boolean =>
  isHealthy(world, id) && membersOf(world, id).some(({ admin }) => admin === 'ready');

export const isInFullService = (world: World, id: string): boolean =>
  isHealthy(world, id) && membersOf(world, id).every(({ admin }) => admin === 'ready');

/** Its program has something to change. */
export const needsChange = (world: World, id: string): boolean =>
  world.nodes[id]?.version !== world.target || !world.nodes[id]?.running;

/** Requests come where a balancer sends them, and end where no node responds. */
export function flow(world: World): World {
  for (const id of Object.keys(world.nodes))
    for (const member of membersOf(world, id)) {
      if (!isHealthy(world, id)) member.sessions = 0;
      else if (member.admin === 'ready') member.sessions = 1;
    }
  return world;
}

export function look(world: World, id: string): Observation {
  const members = membersOf(world, id);
  return {
    inTraffic: isServing(world, id) || members.some(({ sessions }) => sessions > 0),
    held: members.some(({ admin, lease }) => (lease ?? admin) !== 'ready'),
    drainedByRun: members.some(({ lease }) => lease !== undefined),
    up: isInFullService(world, id),
  };
}

export const faultOn = (host: string, message: string): ErrorInfo => ({ code: 'X_SIMULATED', message, host });

const ok: Result = { kind: 'ok' };
const failed = (id: string, why: string): Result => ({ kind: 'failed', fault: faultOn(id, why) });
const lost = (id: string): Result => ({ kind: 'lost', fault: faultOn(id, 'no node responds') });

/** Steps that need a reply of the node itself. */
const ON_NODE: ReadonlySet<Step> = new Set([
  'checkDependencies',
  'waitIdle',
  'apply',
  'waitReady',
  'soak',
  'collectDiagnostics',
  'recover',
]);

/** Runs one step of one node, with a fault. @throws Violation */
export function carryOut(
  world: World,
  id: string,
  step: Step,
  nodes: readonly string[],
  fault: FaultKind | undefined,
): Result {
  const node = world.nodes[id];
  if (node === undefined) throw new Violation(`${step} of ${id}, which does not exist`);
  if (fault === 'unreachable' || fault === 'lost') node.reachable = false;
  if (fault === 'recovers' && node.version !== world.target) node.running = true;
  flow(world);
  const guilty = step === 'recheck' ? (nodes[0] ?? id) : id;
  if (fault === 'fails') return failed(guilty, `${step} failed`);
  if (fault === 'lost') return lost(guilty);
  const result = effect(world, id, step, nodes, fault === 'half');
  if (fault === 'crash') node.running = false;
  flow(world);
  if (result.kind !== 'ok') return result;
  if (fault === 'replyLost') return lost(id);
  return fault === 'half' || fault === 'hangs' ? failed(id, `${step}: time is up`) : ok;
}

function effect(world: World, id: string, step: Step, nodes: readonly string[], half: boolean): Result {
  const node = world.nodes[id] as SimNode;
  const members = membersOf(world, id);
  const reached = half ? members.slice(0, 1) : members;
  if (!node.reachable && ON_NODE.has(step)) return lost(id);
  switch (step) {
    case 'checkDependencies':
    case 'collectDiagnostics':
      return ok;
    case 'drain':
      if (members.every(({ lease }) => lease === undefined))
        node.previous = isInFullService(world, id) ? node.version : undefined;
      setDrained(reached);
      return ok;
    case 'drainAgain':
      setDrained(reached);
      return ok;
    case 'recover':
      if (node.previous === undefined || node.previous === node.version) return failed(id, 'nothing to go back to');
      if (members.some(({ admin }) => admin === 'ready')) return failed(id, 'not drained');
      for (const member of members) member.sessions = 0;
      node.version = node.previous;
      node.running = true;
      return ok;
    case 'restore':
    case 'undoDrain':
      for (const member of reached) {
        member.admin = member.lease ?? member.admin;
        member.lease = undefined;
      }
      return ok;
    case 'waitIdle':
      if (members.some(({ admin }) => admin === 'ready')) return failed(id, 'not drained');
      for (const member of members) member.sessions = 0;
      return ok;
    case 'apply':
      if (isServing(world, id)) throw new Violation(`${id} is stopped while it serves`);
      if (members.some(({ sessions }) => sessions > 0)) throw new Violation(`${id} is stopped with requests running`);
      node.version = world.target;
      node.running = true;
      return ok;
    case 'waitReady':
    case 'soak':
      return isHealthy(world, id) ? ok : failed(id, 'not ready');
    case 'waitInService':
      return isInFullService(world, id) ? ok : failed(id, 'not in service');
    case 'recheck': {
      const bad = nodes.find((other) => !isInFullService(world, other));
      return bad === undefined ? ok : failed(bad, 'no longer in service');
    }
    default:
      return step satisfies never;
  }
}

function setDrained(members: readonly Member[]): void {
  for (const member of members) {
    member.lease ??= member.admin;
    member.admin = 'drain';
  }
}
