import type { Options, Step } from '../../src/rolling/types.ts';
import { type Admin, cloneWorld, makeWorld, type SimNode, type World } from './world.ts';
import { checkEnd, checkRest, healed } from './world-check.ts';
import { type Chooser, type Injection, type Machine, runWorld } from './world-run.ts';

/** One row of the matrix: a fleet, options, and the fault. */
export interface Case {
  readonly fleet: number;
  readonly options: Partial<Options>;
  readonly faults: readonly Injection[];
  readonly change?: Readonly<Record<string, Partial<SimNode>>>;
  readonly inRun?: readonly string[];
  readonly unstaged?: readonly string[];
  readonly skipped?: readonly string[];
  /** Nodes whose failed change is undone. */
  readonly recovers?: boolean;
  /** Members by pool; left out: one pool has all nodes. */
  readonly pools?: Readonly<Record<string, readonly string[]>>;
  readonly order: Order;
  /** The state that operators or earlier runs have left in the world. */
  readonly prepare?: (world: World) => void;
}

type Order = 'first' | 'last' | number;

export const ids = (fleet: number): readonly string[] => Array.from({ length: fleet }, (_, i) => `gw-${i + 1}`);

export const OPTIONS: Options = {
  canary: 0,
  batch: undefined,
  maxUnavailable: 1,
  maxFailures: 0,
  order: [],
  includeHeld: false,
  leaveDrained: false,
};

/** Which pending operation ends next: the oldest, the newest, or drawn from a seed. */
function chooser(order: Order): Chooser {
  if (order === 'first') return () => 0;
  if (order === 'last') return (count) => count - 1;
  let seed = order * 2654435761 + 12345;
  return (count) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * count);
  };
}

/**
 * One case from its beginning until the world is at rest: the run with its faults (a dead controller is followed by another one,
 * which finds the world as it is), then the operator repairs the faults, and the same run runs again. It must end like a run
 * without any fault. Throws on a violation.
 */
export function play(machine: Machine, one: Case, choose: Chooser = chooser(one.order)): void {
  const world = makeWorld(ids(one.fleet), one.change);
  one.prepare?.(world);
  const options = { ...OPTIONS, ...one.options };
  const inRun = one.inRun ?? ids(one.fleet);
  const first = cloneWorld(world);
  const setup = {
    options,
    inRun,
    unstaged: one.unstaged ?? [],
    skipped: one.skipped ?? [],
    recovers: one.recovers === true,
    pools: one.pools,
  };
  let faults = one.faults;
  for (let killed = true, life = 0; killed; life++) {
    const before = cloneWorld(world);
    const ran = runWorld(machine, world, { ...setup, faults }, choose);
    killed = ran.killed;
    faults = ran.left;
    if (!killed) checkEnd(ran.ledger, before);
    if (life > 3) throw new Error('it is killed for ever');
  }
  const repaired = healed(world);
  const again = runWorld(
    machine,
    repaired,
    { options, inRun, recovers: one.recovers === true, faults: [], pools: one.pools },
    chooser('first'),
  );
  checkEnd(again.ledger, world);
  if (inRun.length === one.fleet && !holds(first)) checkRest(repaired, first, options.leaveDrained);
}

const holds = (world: World): boolean =>
  Object.values(world.balancers).some((all) =>
    Object.values(all).some(({ admin, lease }) => (lease ?? admin) !== 'ready'),
  );

export const STEPS: readonly Step[] = [
  'checkDependencies',
  'drain',
  'waitIdle',
  'apply',
  'waitReady',
  'restore',
  'waitInService',
  'soak',
  'recheck',
];
export const CLEANING: readonly Step[] = ['undoDrain', 'drainAgain', 'collectDiagnostics'];

export const KINDS: readonly Injection['kind'][] = [
  'fails',
  'half',
  'hangs',
  'unreachable',
  'lost',
  'replyLost',
  'retried',
  'crash',
  'killedBefore',
  'killedAfter',
  'interrupt',
  'network',
  'holdGo',
  'holdStop',
  'otherDies',
];

/** The options of a rolling change; the first ones are tried with every fleet. */
const WAYS: readonly Partial<Options>[] = [
  {},
  { batch: 2, maxUnavailable: 2 },
  { canary: 1, batch: '50%', maxUnavailable: 2 },
  { batch: 2, maxUnavailable: 1 },
  { maxUnavailable: 2, maxFailures: 1 },
  { batch: [1, 2], maxUnavailable: 3, maxFailures: 2 },
  { leaveDrained: true, maxUnavailable: 6 },
];

export const injections = (
  fleet: number,
  steps: readonly Step[],
  kinds: readonly Injection['kind'][],
): readonly Injection[] =>
  ids(fleet).flatMap((node) => steps.flatMap((step) => kinds.map((kind) => ({ node, step, kind }))));

/** Every step of every node, with every fault. Large fleets are tried in fewer ways. */
export const singles = (fleet: number): readonly Case[] =>
  (fleet < 5 ? WAYS : WAYS.slice(0, 3)).flatMap((options) =>
    injections(fleet, [...STEPS, ...CLEANING], KINDS).flatMap((fault, i) =>
      (fleet < 4 ? (['first', i] as const) : ([i] as const)).map((order) => ({
        fleet,
        options,
        faults: [fault],
        order,
      })),
    ),
  );

/** Pairs of which one fault makes the other one worse, at every step of both. */
const PAIRED: readonly Injection['kind'][] = ['fails', 'unreachable', 'replyLost', 'killedAfter', 'network'];

/** Every pair of faults. The options, and the order of events, change from one to the next. */
export function pairs(fleet: number): readonly Case[] {
  const all = injections(fleet, STEPS, PAIRED.slice(0, 7 - fleet));
  return all.flatMap((one, i) =>
    all.slice(i + 1).map((other, j) => ({
      fleet,
      options: WAYS[(i + j) % (WAYS.length - 1)] ?? {},
      faults: [one, other],
      order: i * all.length + j,
    })),
  );
}

/** The steps whose failed change can be undone. */
const FAILS_AT: readonly Step[] = ['apply', 'waitReady', 'waitInService', 'soak'];
const GOES_BACK: readonly Step[] = [
  'drainAgain',
  'collectDiagnostics',
  'recover',
  'waitReady',
  'restore',
  'waitInService',
];

/** A failed change, and every fault at every step of its undo. */
export const recoveries = (fleet: number): readonly Case[] =>
  WAYS.slice(0, 6).flatMap((options) =>
    FAILS_AT.flatMap((step) =>
      (['fails', 'hangs'] as const).flatMap((kind) => {
        const first = { node: 'gw-1', step, kind };
        const others = injections(fleet, GOES_BACK, KINDS);
        return [[first], ...others.map((other) => [first, other])].map((faults, i) => ({
          fleet,
          options,
          faults,
          order: i,
          recovers: true,
        }));
      }),
    ),
  );

/** The states that a run may find at its start. */
export const SITUATIONS: Readonly<Record<string, Omit<Case, 'faults' | 'order' | 'options'>>> = {
  'one is broken': { fleet: 4, change: { 'gw-3': { running: false } } },
  'two are broken': { fleet: 4, change: { 'gw-1': { running: false }, 'gw-4': { running: false } } },
  'one is done already': { fleet: 3, change: { 'gw-2': { version: 2 } } },
  'the target gets ready on none': { fleet: 3, change: { 'gw-1': { sick: true }, 'gw-2': { sick: true } } },
  'one is not in the run': { fleet: 3, inRun: ['gw-1', 'gw-2'] },
  'one outside the run is broken': { fleet: 3, inRun: ['gw-1', 'gw-2'], change: { 'gw-3': { running: false } } },
  'one cannot be staged': { fleet: 3, unstaged: ['gw-2'] },
  'one cannot be reached': { fleet: 3, skipped: ['gw-3'] },
  'one is held': { fleet: 3, prepare: (world) => admin(world, 'gw-2', 'maint') },
  'one is held on one balancer': { fleet: 3, prepare: (world) => admin(world, 'gw-2', 'drain', ['lb-1']) },
  'one was left drained': { fleet: 3, prepare: (world) => leave(world, 'gw-2', ['lb-1', 'lb-2']) },
  'one outside the run was left drained': {
    fleet: 3,
    inRun: ['gw-1', 'gw-2'],
    prepare: (world) => leave(world, 'gw-3', ['lb-1', 'lb-2']),
  },
  'one was left half drained': { fleet: 3, prepare: (world) => leave(world, 'gw-2', ['lb-2']) },
  'one was left drained and changed': {
    fleet: 3,
    change: { 'gw-2': { version: 2 } },
    prepare: (world) => leave(world, 'gw-2', ['lb-1', 'lb-2']),
  },
  'two were left drained': {
    fleet: 4,
    prepare: (world) => {
      leave(world, 'gw-1', ['lb-1', 'lb-2']);
      leave(world, 'gw-2', ['lb-1']);
    },
  },
  'no balancer': {
    fleet: 3,
    change: { 'gw-2': { running: false } },
    prepare: (world) => {
      for (const all of Object.values(world.balancers)) for (const id of Object.keys(all)) delete all[id];
    },
  },
};

/** Pools with budgets of their own; only the machine supports balancers of one pool. */
export const POOLED: Readonly<Record<string, Omit<Case, 'faults' | 'order' | 'options'>>> = {
  'one node is in two pools': { fleet: 4, pools: { edge: ['gw-1', 'gw-2'], core: ['gw-2', 'gw-3', 'gw-4'] } },
  'one node is in two pools, and a member of one is broken': {
    fleet: 4,
    pools: { edge: ['gw-1', 'gw-2'], core: ['gw-2', 'gw-3', 'gw-4'] },
    change: { 'gw-4': { running: false } },
  },
  'one node is in two pools, and a member outside the run is held': {
    fleet: 4,
    pools: { edge: ['gw-1', 'gw-2'], core: ['gw-2', 'gw-3', 'gw-4'] },
    inRun: ['gw-1', 'gw-2', 'gw-3'],
    prepare: (world) => admin(world, 'gw-4', 'maint'),
  },
};

const POOLED_WAYS: readonly Partial<Options>[] = [
  {},
  { batch: 4 },
  { batch: 4, maxUnavailable: '50%' },
  { batch: 2, maxUnavailable: 2, maxFailures: 1 },
];

/** Faults in fleets with several pools. */
export const pooled = (name: string): readonly Case[] => {
  const situation = POOLED[name];
  if (situation === undefined) return [];
  const faults = injections(situation.fleet, [...STEPS, ...CLEANING], PAIRED);
  return POOLED_WAYS.flatMap((options) =>
    [[], ...faults.map((fault) => [fault])].map((some, i) => ({ ...situation, options, faults: some, order: i })),
  );
};

const IN_SITUATIONS: readonly Injection['kind'][] = [
  ...KINDS.filter((kind) => kind !== 'half' && kind !== 'hangs' && kind !== 'retried'),
  'recovers',
];

/** Every fault in every situation, including balancers that do not respond and the broken node that recovers. */
export const situated = (name: string): readonly Case[] => {
  const situation = SITUATIONS[name];
  if (situation === undefined) return [];
  const looks = (['holdGo', 'holdStop', 'killedAfter', 'interrupt', 'network'] as const).map((kind) => ({
    node: '',
    step: 'look' as const,
    kind,
  }));
  const faults = [...injections(situation.fleet, [...STEPS, ...CLEANING], IN_SITUATIONS), ...looks];
  return [{}, { batch: 2, maxUnavailable: 2 }, { includeHeld: true, maxUnavailable: 2, maxFailures: 1 }].flatMap(
    (options) =>
      [[], ...faults.map((fault) => [fault])].map((some, i) => ({ ...situation, options, faults: some, order: i })),
  );
};

function admin(world: World, id: string, to: Admin, balancers: readonly string[] = ['lb-1', 'lb-2']): void {
  for (const lb of balancers) {
    const member = world.balancers[lb]?.[id];
    if (member !== undefined) member.admin = to;
  }
}

function leave(world: World, id: string, balancers: readonly string[]): void {
  admin(world, id, 'drain', balancers);
  for (const lb of balancers) {
    const member = world.balancers[lb]?.[id];
    if (member !== undefined) Object.assign(member, { lease: 'ready', sessions: 0 });
  }
}
