import { randomOf } from '../scenes/day-seed.ts';

/**
 * When a fault strikes: before the run, or as a step of the victim begins. `apply`: right after the victim is idle; `recheck`:
 * when the node after it is done, and the finished ones are rechecked.
 */
export type Moment =
  | 'before'
  | 'checkDependencies'
  | 'drain'
  | 'waitIdle'
  | 'apply'
  | 'waitReady'
  | 'restore'
  | 'waitInService'
  | 'recheck';

export type FaultName =
  | 'all ssh cut'
  | 'network lost'
  | 'network lost for a while'
  | 'dockerd gone'
  | 'sshd gone'
  | 'machine off'
  | 'container killed'
  | 'balancer reloaded'
  | 'balancer down'
  | 'balancer gone and left out'
  | 'another node in maintenance'
  | 'a bystander in maintenance'
  | 'ctrl-c'
  | 'controller killed'
  | 'disk full'
  | 'never ready'
  | 'bad routes'
  | 'database away';

/** The fault, its time, and its victim. A run works on two of the three gateways; the third is the bystander. */
export interface Case {
  readonly seed: number;
  readonly fault: FaultName;
  readonly moment: Moment;
  readonly victim: string;
  readonly other: string;
  readonly bystander: string;
  /** The balancer, where it is one that is hit. */
  readonly balancer: string;
  /** Both `batch` and `max_unavailable`. */
  readonly atOnce: 1 | 2;
  readonly order: readonly string[];
}

const moments: Readonly<Record<FaultName, readonly [Moment, ...Moment[]]>> = {
  'all ssh cut': ['drain', 'waitIdle', 'apply', 'waitReady', 'restore', 'waitInService'],
  'controller killed': [
    'checkDependencies',
    'drain',
    'waitIdle',
    'apply',
    'waitReady',
    'restore',
    'waitInService',
    'recheck',
  ],
  'ctrl-c': ['checkDependencies', 'drain', 'waitIdle', 'apply', 'waitReady', 'waitInService'],
  'network lost': ['drain', 'waitIdle', 'apply', 'waitReady', 'waitInService'],
  'network lost for a while': ['waitIdle'],
  'dockerd gone': ['waitIdle', 'waitReady'],
  'sshd gone': ['apply', 'waitInService'],
  'machine off': ['waitIdle'],
  'container killed': ['checkDependencies', 'waitIdle', 'waitReady'],
  'balancer reloaded': ['waitIdle', 'apply', 'waitInService'],
  'balancer down': ['before', 'waitIdle', 'waitInService'],
  'balancer gone and left out': ['before'],
  'another node in maintenance': ['waitIdle'],
  'a bystander in maintenance': ['waitReady'],
  'never ready': ['before'],
  'bad routes': ['before'],
  'disk full': ['before'],
  'database away': ['before', 'waitInService'],
};

/** Cases of a group share a lab. `nodes`: faults of the gateways and their hosts; `around`: of all that a run needs beside them. */
export type FaultGroup = 'nodes' | 'around';

const ofNodes: ReadonlySet<FaultName> = new Set([
  'network lost',
  'network lost for a while',
  'dockerd gone',
  'sshd gone',
  'machine off',
  'container killed',
  'disk full',
  'never ready',
  'bad routes',
]);

export const groupOf = (fault: FaultName): FaultGroup => (ofNodes.has(fault) ? 'nodes' : 'around');

export const faultNames = Object.keys(moments) as readonly FaultName[];

/** Every fault at each of its moments. */
export const strikes: readonly Pick<Case, 'fault' | 'moment'>[] = faultNames.flatMap((fault) =>
  moments[fault].map((moment) => ({ fault, moment })),
);

/** Where the expected result of the second node depends on it, nodes go one at a time, the victim first. */
const oneByOne: ReadonlySet<FaultName> = new Set([
  'another node in maintenance',
  'a bystander in maintenance',
  'never ready',
  'bad routes',
  'database away',
]);

/**
 * The case of a seed. Seeds 1, 2, 3 … go through all strikes. The seed draws victim, order, balancer and size of the batch; after
 * the last strike they begin again and draw others.
 * @example caseOf(7) // always the same
 */
export function caseOf(seed: number): Case {
  const random = randomOf(seed);
  const strike = strikes[(seed - 1) % strikes.length] ?? { fault: 'ctrl-c', moment: 'drain' };
  const [victim = '', other = '', bystander = ''] = shuffled(['gw-1', 'gw-2', 'gw-3'], random);
  const single = oneByOne.has(strike.fault) || strike.moment === 'recheck' || random() < 0.6;
  const first = single && (oneByOne.has(strike.fault) || strike.moment === 'recheck' || random() < 0.75);
  return {
    seed,
    ...strike,
    victim,
    other,
    bystander,
    balancer: random() < 0.5 ? 'lb-1' : 'lb-2',
    atOnce: single ? 1 : 2,
    order: first || !single ? [victim, other] : [other, victim],
  };
}

/** The selected cases, and the value of API7_ORCH_SEED that selects them again. */
export interface Selection {
  readonly name: string;
  readonly seeds: readonly number[];
  /** Cases whose command also runs a second time, after the fault is gone. */
  readonly repeated: readonly number[];
}

/**
 * The cases that the environment selects. API7_ORCH_SEED is `7`, `7,12,103`, `day:20261129`, or `all` for one case per
 * strike. Without it, API7_ORCH_ALL=1 means `all`; otherwise the sample of the current day runs.
 * @throws when API7_ORCH_SEED has another form
 */
export function selectedBy(environment: Readonly<Record<string, string | undefined>>, now = new Date()): Selection {
  const today = `day:${now.toISOString().slice(0, 10).replaceAll('-', '')}`;
  const name = environment.API7_ORCH_SEED || (environment.API7_ORCH_ALL === '1' ? 'all' : today);
  if (name === 'all')
    return whole(
      name,
      strikes.map((_, index) => index + 1),
    );
  const day = Number(/^day:(\d{8})$/.exec(name)?.[1]);
  if (day > 0) return { name, seeds: sampleOf(day), repeated: repeatedOn(day) };
  const seeds = name.split(',').map(Number);
  if (seeds.some((seed) => !Number.isInteger(seed) || seed < 1))
    throw new Error(`API7_ORCH_SEED=${name}: expected seeds such as 7,12, a day such as ${today}, or all`);
  return whole(name, seeds);
}

const whole = (name: string, seeds: readonly number[]): Selection => ({ name, seeds, repeated: seeds });

/** Seeds beyond the first of a strike, so that a day also draws victim, order, balancer and batch size. */
const ROUNDS = 1000;

/** Waits two minutes until the run stops waiting for the node: only the full suite has the time. */
export const isLong = ({ fault, moment }: Pick<Case, 'fault' | 'moment'>): boolean =>
  fault === 'dockerd gone' && moment === 'waitReady';

/**
 * One seed for every kind of fault. The day draws the moment, and with it all other parts of the seed.
 * @example sampleOf(20261129) // 18 seeds, always the same
 */
export function sampleOf(day: number): readonly number[] {
  const random = randomOf(day);
  return faultNames.map((name) => {
    const own = strikes.flatMap((strike, index) => (strike.fault === name && !isLong(strike) ? [index + 1] : []));
    const strike = own[Math.floor(random() * own.length)] ?? 1;
    return strike + strikes.length * Math.floor(random() * ROUNDS);
  });
}

/** A repeated run takes as long as the run: a day has the time for a third of them. */
const REPEATED = 6;

const repeatedOn = (day: number): readonly number[] => shuffled(sampleOf(day), randomOf(day + 1)).slice(0, REPEATED);

function shuffled<T>(all: readonly T[], random: () => number): readonly T[] {
  return all
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
