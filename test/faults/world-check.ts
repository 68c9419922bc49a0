import type { Step } from '../../src/rolling/types.ts';
import { cloneWorld, isInFullService, membersOf, Violation, type World } from './world.ts';
import type { Ledger } from './world-ledger.ts';

const ENDS: ReadonlySet<string> = new Set(['done', 'unchanged', 'failed', 'rolledBack', 'untouched', 'skipped']);

/** The invariants at the end of a run; `before`: the world at its start. @throws Violation */
export function checkEnd(ledger: Ledger, before: World): void {
  if (ledger.finishes !== 1) throw new Violation(`it ended ${ledger.finishes} times`);
  if (ledger.waiting.size > 0) throw new Violation(`${[...ledger.waiting]} waits for ever`);
  for (const { id, inRun } of ledger.nodes) {
    const end = ledger.endOf(id);
    if (!inRun) {
      if (end !== undefined) throw new Violation(`${id} is not in the run but ended ${end.state}`);
      checkAlike(before, ledger.world, id, 'is not in the run');
      continue;
    }
    if (end === undefined || !ENDS.has(end.state)) throw new Violation(`${id} has no end`);
    const leased = ledger.leased(id);
    // A run without any view of a balancer cannot report it.
    if (ledger.seen === undefined) continue;
    if (leased ? end.drained === 'no' : end.drained === 'yes')
      throw new Violation(`${id} is reported as drained: ${end.drained}, but it is ${leased ? '' : 'not '}`);
    if (end.state === 'untouched' || end.state === 'skipped') checkAlike(before, ledger.world, id, `is ${end.state}`);
    else checkSettings(before, ledger.world, id);
    if (end.state === 'done') checkDone(ledger, id);
    if (end.state === 'rolledBack') checkRolledBack(ledger, before, id);
    if (end.state === 'failed' && end.fault === undefined) throw new Violation(`${id} failed without a reason`);
  }
}

/** A drained node is restored exactly, or a lease has its previous settings. */
export function checkSettings(before: World, after: World, id: string): void {
  const wanted = membersOf(before, id).map(({ admin, lease }) => lease ?? admin);
  const got = membersOf(after, id).map(({ admin, lease }) => lease ?? admin);
  if (wanted.join() !== got.join()) throw new Violation(`${id} was ${wanted} and is left ${got}`);
}

export function checkAlike(before: World, after: World, id: string, why: string): void {
  checkSettings(before, after, id);
  const leases = (world: World) =>
    membersOf(world, id)
      .map(({ lease }) => lease ?? '-')
      .join();
  if (before.nodes[id]?.version !== after.nodes[id]?.version) throw new Violation(`${id} ${why} but was changed`);
  // A half-made drain that the run found may have been completed.
  if (leases(before).replaceAll(/[-,]/g, '') === '' && leases(before) !== leases(after))
    throw new Violation(`${id} ${why} but was left drained`);
}

function checkDone(ledger: Ledger, id: string): void {
  const { world, options, nodes } = ledger;
  if (world.nodes[id]?.version !== world.target) throw new Violation(`${id} is done but not changed`);
  const start = ledger.started.get(id);
  if (start === undefined) throw new Violation(`${id} is done but never started`);
  const { balanced = true } = nodes.find((node) => node.id === id) ?? {};
  const served = ledger.servedAt.get(id) ?? 0;
  const others = nodes.some(
    (node) =>
      node.id !== id &&
      ledger.endOf(node.id)?.state === 'done' &&
      ledger.started.get(node.id)?.view?.held !== true &&
      (ledger.doneAt.get(node.id) ?? Number.POSITIVE_INFINITY) < served,
  );
  const held = start.view?.held === true;
  const tail: readonly Step[] = [
    ...(balanced ? (['restore'] as const) : []),
    ...(balanced && !held ? (['waitInService'] as const) : []),
  ];
  const head: readonly Step[] = !start.wanted
    ? []
    : balanced
      ? ['checkDependencies', 'drain', 'waitIdle', 'apply']
      : ['checkDependencies', 'apply'];
  const due: readonly Step[] = options.leaveDrained
    ? head
    : [...head, 'waitReady', ...tail, ...(held ? [] : (['soak'] as const))];
  const steps = ledger.steps.get(id) ?? [];
  const missing = due.filter((step) => !steps.includes(step) && !(step === 'waitIdle' && start.rank === 0));
  const order = steps.filter((step) => due.includes(step) && step !== 'checkDependencies' && step !== 'drain');
  if (missing.length > 0 && !(missing.join() === 'soak' && ledger.cutShort.has(id)))
    throw new Violation(`${id} is done without ${missing}`);
  if (order.join() !== due.filter((step) => order.includes(step)).join()) throw new Violation(`${id}: ${steps}`);
  if (!options.leaveDrained && others && !steps.includes('recheck') && !ledger.cutShort.has(id))
    throw new Violation(`${id} is done without a recheck of the finished ones`);
}

/** It runs the version of its last time in service, and is restored. */
function checkRolledBack(ledger: Ledger, before: World, id: string): void {
  const { world, nodes } = ledger;
  const steps = ledger.steps.get(id) ?? [];
  if (nodes.find((node) => node.id === id)?.recovers !== true) throw new Violation(`${id} was to stay as it is`);
  if (world.nodes[id]?.version === world.target) throw new Violation(`${id} is rolled back, and runs the new version`);
  if (ledger.endOf(id)?.fault === undefined) throw new Violation(`${id} is rolled back without a reason`);
  const tail = steps.slice(steps.indexOf('recover'));
  const held = ledger.started.get(id)?.view?.held === true && !membersOf(before, id).some(({ lease }) => lease);
  const due: readonly Step[] = ['recover', 'waitReady', 'restore', ...(held ? [] : (['waitInService'] as const))];
  if (!steps.includes('collectDiagnostics') && !ledger.failedDiagnostics.has(id))
    throw new Violation(`${id} is rolled back, and nothing shows why it failed`);
  if (tail.join() !== due.join()) throw new Violation(`${id} is rolled back by ${tail}`);
}

/** The world at rest after a success: everything changed, no lease of a run left, held nodes still held. */
export function checkRest(world: World, before: World, leaveOut = false): void {
  for (const id of Object.keys(world.nodes)) {
    const held = membersOf(before, id).some(({ admin, lease }) => (lease ?? admin) !== 'ready');
    if (world.nodes[id]?.version !== world.target) throw new Violation(`in the end ${id} is not changed`);
    if (leaveOut) continue;
    if (membersOf(world, id).some(({ lease }) => lease !== undefined))
      throw new Violation(`in the end ${id} is drained`);
    checkSettings(before, world, id);
    if (!held && !isInFullService(world, id)) throw new Violation(`in the end ${id} does not serve`);
  }
}

/** The same world after the operator repaired the faults; dead nodes stay dead, and leases of runs stay. */
export function healed(world: World): World {
  const next = cloneWorld(world);
  for (const node of Object.values(next.nodes)) {
    node.reachable = true;
    node.sick = false;
  }
  return next;
}
