/**
 * When a fault strikes: before the run, or as a step of the victim begins. `apply`: right after it is proved drained;
 * `recheck`: when the node after it is done, and those done before are looked at once more.
 */
export type Moment = 'before' | 'guard' | 'drain' | 'prove' | 'apply' | 'ready' | 'restore' | 'confirm' | 'recheck';

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

/** What is done, when, and to whom. A run works on two of the three gateways; the third is the bystander. */
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

const moments: Readonly<Record<FaultName, readonly Moment[]>> = {
  'all ssh cut': ['drain', 'prove', 'apply', 'ready', 'restore', 'confirm'],
  'controller killed': ['guard', 'drain', 'prove', 'apply', 'ready', 'restore', 'confirm', 'recheck'],
  'ctrl-c': ['guard', 'drain', 'prove', 'apply', 'ready', 'confirm'],
  'network lost': ['drain', 'prove', 'apply', 'ready', 'confirm'],
  'network lost for a while': ['prove'],
  'dockerd gone': ['prove', 'ready'],
  'sshd gone': ['apply', 'confirm'],
  'machine off': ['prove'],
  'container killed': ['guard', 'prove', 'ready'],
  'balancer reloaded': ['prove', 'apply', 'confirm'],
  'balancer down': ['before', 'prove', 'confirm'],
  'balancer gone and left out': ['before'],
  'another node in maintenance': ['prove'],
  'a bystander in maintenance': ['ready'],
  'disk full': ['before'],
  'never ready': ['before'],
  'bad routes': ['before'],
  'database away': ['before', 'confirm'],
};

/** Every fault at each of its moments. */
export const strikes: readonly Pick<Case, 'fault' | 'moment'>[] = (Object.keys(moments) as FaultName[]).flatMap(
  (fault) => moments[fault].map((moment) => ({ fault, moment })),
);

/** Where what is expected of the second node depends on it, nodes go one at a time, the victim first. */
const inTurn: ReadonlySet<FaultName> = new Set([
  'another node in maintenance',
  'a bystander in maintenance',
  'never ready',
  'bad routes',
  'database away',
]);

/**
 * What a seed stands for. Seeds 1, 2, 3 … go through all strikes, each with victim, order, balancer and size of the batch
 * drawn by the seed; after the last one they begin again and draw others.
 * @example caseOf(7) // always the same
 */
export function caseOf(seed: number): Case {
  const random = randomOf(seed);
  const strike = strikes[(seed - 1) % strikes.length] ?? { fault: 'ctrl-c', moment: 'drain' };
  const [victim = '', other = '', bystander = ''] = shuffled(['gw-1', 'gw-2', 'gw-3'], random);
  const single = inTurn.has(strike.fault) || strike.moment === 'recheck' || random() < 0.6;
  const first = single && (inTurn.has(strike.fault) || strike.moment === 'recheck' || random() < 0.75);
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

/** Run with the suite, within its time: more than half an hour would be needed for all of them. */
const SAMPLE = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15, 17, 19, 20, 21, 22, 41, 43, 46];

/** Those of the variable API7_ORCH_SEED, `7` or `7,12,103` or `all`: one for each strike; else a sample. */
export function seedsFrom(text: string | undefined): readonly number[] {
  if (text === undefined || text === '') return SAMPLE;
  if (text === 'all') return strikes.map((_, at) => at + 1);
  const seeds = text.split(',').map(Number);
  if (seeds.some((seed) => !Number.isInteger(seed) || seed < 1)) throw new Error(`API7_ORCH_SEED=${text} is no seed`);
  return seeds;
}

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function shuffled<T>(all: readonly T[], random: () => number): readonly T[] {
  return all
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
