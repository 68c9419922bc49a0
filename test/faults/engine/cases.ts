import { KINDS as ALL_KINDS, CLEANING, SITUATIONS, singles, situated } from '../machine-cases.ts';
import type { Case } from './case.ts';
import type { Fault } from './strike.ts';

// The machine's table has thousands of rows, and a row costs the engine a thousand times more. So the table has some rows of each
// step, kind of fault and situation, with other nodes, options and orders each time.

type Row = ReturnType<typeof singles>[number];

/** A step that only follows a failure is never reached without one. */
const happens = ({ faults }: Row): boolean => faults.every(({ step }) => !CLEANING.includes(step as never));

/** So many rows of each kind, spread over them. */
function some<T>(rows: readonly T[], kindOf: (row: T) => string, count: number): readonly T[] {
  const kinds = [...Map.groupBy(rows, kindOf).values()];
  return kinds.flatMap((group, i) => {
    const take = Math.min(count, group.length);
    return Array.from(
      { length: take },
      (_, j) => group[(i * 7 + Math.floor((j * group.length) / take)) % group.length] as T,
    );
  });
}

const faultOf = ({ faults }: Row): string => faults.map(({ step, kind }) => `${step} ${kind}`).join();

/** One fault in a fleet: `count` rows of each step and kind. */
export const oneFault = (fleet: number, count: number): readonly Case[] =>
  some(singles(fleet).filter(happens), faultOf, count);

/** One fault in a situation: without a fault with each choice of options, and `count` faults of each kind. */
export function inSituation(name: string, count: number): readonly Case[] {
  const rows = situated(name).filter(happens);
  const kindOf = ({ faults }: Row): string => faults[0]?.kind ?? '';
  const plain = rows.filter(({ faults }) => faults.length === 0);
  return [
    ...plain,
    ...some(
      rows.filter(({ faults }) => faults.length > 0),
      kindOf,
      count,
    ),
  ];
}

export const situations: readonly string[] = Object.keys(SITUATIONS);

/** Without those that have meaning at some steps only. */
const KINDS = ALL_KINDS.filter((kind) => !['half', 'holdGo', 'holdStop', 'otherDies'].includes(kind));

const gw1 = (step: Fault['step'], kind: Fault['kind']): Fault => ({ node: 'gw-1', step, kind });

const pair = (faults: readonly Fault[], order: number): Case => ({ fleet: 3, options: {}, faults, order });

/** The cleanup of a failed node fails itself. */
export const tidying: readonly Case[] = (
  [
    [gw1('waitReady', 'fails'), 'collectDiagnostics'],
    [gw1('waitIdle', 'fails'), 'undoDrain'],
    [gw1('waitInService', 'fails'), 'drainAgain'],
    [gw1('soak', 'fails'), 'collectDiagnostics'],
    [gw1('drain', 'half'), 'undoDrain'],
  ] as const
).flatMap(([first, then]) => KINDS.map((kind, i) => pair([first, gw1(then, kind)], i + 1)));

/** The last check before a stop, and reloads of balancers: faults outside of the machine's model. */
export const beyond: readonly Case[] = [
  ...(
    [
      'checkDependencies',
      'drain',
      'waitIdle',
      'lastLook',
      'apply',
      'waitReady',
      'restore',
      'waitInService',
      'soak',
    ] as const
  ).map((step, i) => pair([gw1(step, 'balancerAway')], i + 1)),
  ...(
    [
      'stage',
      'checkDependencies',
      'drain',
      'waitIdle',
      'apply',
      'lastLook',
      'waitReady',
      'restore',
      'waitInService',
      'soak',
    ] as const
  ).map((step, i) => pair([gw1(step, 'brokenOff')], i + 1)),
  ...[...KINDS, 'reload' as const].map((kind, i) => pair([gw1('lastLook', kind)], i + 1)),
  ...(['checkDependencies', 'drain', 'waitIdle', 'apply', 'waitReady', 'restore', 'waitInService'] as const).map(
    (step, i) => pair([gw1(step, 'reload')], i + 1),
  ),
];

/** A finished node goes down during the change of another one: it must be found and reported. */
export const afterwards: readonly Case[] = (['drain', 'apply', 'waitReady', 'waitInService', 'soak'] as const).flatMap(
  (step, i) =>
    [1, 2].map((most) => ({
      fleet: 3,
      options: { order: ['gw-3'], maxUnavailable: most, batch: 1 },
      faults: [gw1(step, 'otherDies')],
      order: i,
    })),
);
