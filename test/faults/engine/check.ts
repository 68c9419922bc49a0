import type { RolledNode } from '../../../src/core/event/event.ts';
import { errorsIn } from '../../support/base/events.ts';
import { isInFullService, membersOf, Violation, type World } from '../world.ts';
import { checkAlike, checkSettings } from '../world-check.ts';
import type { Life, Setup } from './life.ts';

type Nodes = Readonly<Record<string, RolledNode>>;

const no = (what: string): never => {
  throw new Violation(what);
};

const isLeased = (world: World, id: string): boolean => membersOf(world, id).some(({ lease }) => lease !== undefined);

/** The invariants at the end of a run. Numbers as in engine.test.ts. @throws Violation */
export function checkLife(life: Life, { options, inRun }: Setup, before: World, after: World): void {
  const { report, events, looked } = life;
  if (report === undefined) return;
  const told = events.flatMap((event) => (event.type === 'roll.end' ? [event.nodes] : []));
  const nodes: Nodes = told[0] ?? {};
  if (told.length > 1) no('the end is reported twice');
  const ends = Object.keys(nodes).sort().join();
  // 5: every node ends in exactly one way, and it is reported.
  if (told.length === 1 && ends !== [...inRun].sort().join()) no(`the end reports ${ends}`);
  for (const id of Object.keys(after.nodes)) {
    const end = nodes[id];
    if (!inRun.includes(id)) checkAlike(before, after, id, 'is not in the run');
    else if (end === undefined) checkAlike(before, after, id, 'is not reported');
    else checkNode(id, end, { before, after, leaveOut: options.leaveDrained, looked });
  }
  checkHosts(life, inRun, nodes);
  checkExit(life, { options, inRun }, before, after);
}

interface Worlds {
  readonly before: World;
  readonly after: World;
  readonly leaveOut: boolean;
  readonly looked: boolean;
}

function checkNode(id: string, { state, next, cause }: RolledNode, { before, after, leaveOut, looked }: Worlds): void {
  // 3: it is restored exactly, or a lease has the previous settings.
  if (state === 'done' || state === 'failed' || state === 'rolledBack') checkSettings(before, after, id);
  else checkAlike(before, after, id, `is ${state}`);
  const leased = isLeased(after, id);
  if (leased && next === undefined && looked) no(`${id} is ${state} and drained, and no hint shows how to restore it`);
  if (state === 'failed' && cause === undefined) no(`${id} failed without a reason`);
  if (state === 'rolledBack' && (leased || after.nodes[id]?.version === after.target))
    no(`${id} is rolled back, and drained or not as it was`);
  if (state !== 'done') return;
  if (leased && !leaveOut) no(`${id} is done, and left drained`);
  // 6: a finished node is up to date.
  if (after.nodes[id]?.version !== after.target) no(`${id} is done, and not changed`);
}

/** Every host of the play has ended, once, with a fitting result. */
function checkHosts({ events, report }: Life, inRun: readonly string[], nodes: Nodes): void {
  for (const id of inRun) {
    const ends = events.flatMap((event) => (event.type === 'host.end' && event.host === id ? [event.status] : []));
    const plays = events.filter(({ type }) => type === 'play.start').length;
    if (ends.length !== plays) no(`${id} came to ${ends.length} ends`);
    const { state } = nodes[id] ?? {};
    if (ends[0] === 'ok' && (state === 'untouched' || state === 'skipped')) no(`${id} is ${state}, and well`);
    // The tasks after its restore may be cut short, and the answer no after a finished node is no success.
    const refused = events.some((event) => event.type === 'roll.hold' && event.host === id);
    const mayFail = report?.outcome === 'interrupted' || refused;
    if (ends[0] !== 'ok' && state === 'done' && !mayFail) no(`${id} is done, and ${ends[0]}`);
  }
}

/** 6: a success only with all nodes up to date; any other end has a reason. */
function checkExit(
  { report, events }: Life,
  { options, inRun }: Pick<Setup, 'options' | 'inRun'>,
  before: World,
  after: World,
): void {
  const errors = errorsIn(events);
  const states = events.flatMap((event) => (event.type === 'roll.end' ? Object.values(event.nodes) : []));
  if (report?.exitCode !== 0) {
    const skipped = states.some(({ state }) => state === 'skipped');
    if (errors.length === 0 && !skipped && report?.outcome !== 'interrupted') no('it is no success, and has no reason');
    return;
  }
  if (states.some(({ state }) => state !== 'done' && state !== 'unchanged')) no('a success with nodes that are none');
  if (errors.length > 0) no(`a success with ${errors.map(({ message }) => message)}`);
  for (const id of inRun) {
    const wasHeld = membersOf(before, id).some(({ admin, lease }) => (lease ?? admin) !== 'ready');
    if (after.nodes[id]?.version !== after.target) no(`a success, and ${id} is not changed`);
    if (!options.leaveDrained && !wasHeld && !isInFullService(after, id)) no(`a success, and ${id} does not serve`);
  }
}
