import { describe, expect, test } from 'vitest';
import { atOnceIn, repeatable } from '../../src/rolling/budget.ts';
import { startRoll } from '../../src/rolling/machine.ts';
import { planOf } from '../../src/rolling/plan.ts';
import { endOf } from '../../src/rolling/report.ts';
import type { NodeInit } from '../../src/rolling/types.ts';
import { BACK, bad, DEFAULTS, DOWN, HELD, LEASED, Roll, SOAKING, TO_APPLY, UP } from './roll-steps.ts';

/** gw-1 to gw-8 are in the pool `edge`, gw-8 to gw-11 in `core`. */
const TWO_POOLS: Readonly<Record<string, Partial<NodeInit>>> = Object.fromEntries(
  Array.from({ length: 11 }, (_, i) => [
    `gw-${i + 1}`,
    { pools: [...(i < 8 ? ['edge'] : []), ...(i >= 7 ? ['core'] : [])] },
  ]),
);
const ALL_AT_ONCE = { batch: 11, maxUnavailable: '30%' } as const;

const started = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => line.endsWith('checkDependencies')).map((line) => line.split(' ')[0] ?? '');

describe('a budget for each pool', () => {
  test('a share is of the members of that pool', () => {
    const roll = new Roll(11, ALL_AT_ONCE, TWO_POOLS);
    expect(roll.state.budgets).toEqual({ edge: 2, core: 1 });
    expect(started(roll.begin())).toEqual(['gw-1', 'gw-2', 'gw-9']);
  });

  test('a node in two pools starts only when both pools allow it', () => {
    const order = { ...ALL_AT_ONCE, order: ['gw-8', 'gw-9', 'gw-1'] };
    expect(started(new Roll(11, order, TWO_POOLS).begin())).toEqual(['gw-8', 'gw-1']);
    const held = new Roll(
      11,
      { ...order, includeHeld: false },
      { ...TWO_POOLS, 'gw-11': { ...TWO_POOLS['gw-11'], inRun: false } },
    );
    held.seen['gw-11'] = HELD;
    expect(started(held.begin())).toEqual(['gw-1', 'gw-2']);
  });

  test('of pools without a common member, one continues while the other is full', () => {
    const pools = {
      'gw-1': { pools: ['a'] },
      'gw-2': { pools: ['a'] },
      'gw-3': { pools: ['b'] },
      'gw-4': { pools: ['b'], inRun: false },
    };
    const roll = new Roll(4, { maxUnavailable: 1 }, pools);
    roll.seen['gw-4'] = DOWN;
    expect(started(roll.begin())).toEqual(['gw-1']);
  });

  test('nodes in no pool share one budget, like nodes of the same pool', () => {
    expect(new Roll(4, { maxUnavailable: 2 }).state.budgets).toEqual({ '': 2 });
  });

  test('a full pool is named', () => {
    const pools = { 'gw-1': { pools: ['a'] }, 'gw-2': { pools: ['a', 'b'] }, 'gw-3': { pools: ['b'], inRun: false } };
    const roll = new Roll(3, { order: ['gw-2'] }, { ...pools, 'gw-1': { pools: ['a'], inRun: false } });
    roll.seen['gw-3'] = DOWN;
    roll.begin();
    expect(endOf(roll.state, 'gw-2')?.why).toBe(
      'pool b: max unavailable 1 is already used by gw-3 (not in full service)',
    );
  });

  test('a share that rounds to zero in one pool is refused, with the name of the pool', () => {
    const roll = () => new Roll(11, { maxUnavailable: '20%' }, TWO_POOLS);
    expect(roll).toThrow(
      expect.objectContaining({ code: 'BUDGET_ZERO', message: expect.stringContaining('pool core') }),
    );
  });

  test('the plan has a line for each pool, and one for pools with the same members', () => {
    const plan = (pools: Readonly<Record<string, Partial<NodeInit>>>, nodes: number) =>
      planOf(new Roll(nodes, { maxUnavailable: '50%' }, pools).state).budgets;
    expect(plan(TWO_POOLS, 11)).toEqual([
      { pools: ['edge'], maxUnavailable: 4, members: 8 },
      { pools: ['core'], maxUnavailable: 2, members: 4 },
    ]);
    const both = { pools: ['dashboards', 'dp_managers'] };
    expect(plan({ 'gw-1': both, 'gw-2': both }, 2)).toEqual([{ ...both, maxUnavailable: 1, members: 2 }]);
    expect(plan({}, 2)).toEqual([{ pools: [], maxUnavailable: 1, members: 2 }]);
  });

  test.each<[string, number, readonly string[], number]>([
    ['all serve', 2, [], 2],
    ['one is out already', 2, ['gw-2'], 1],
    ['more are out than may be: repaired nodes leave room for one', 2, ['gw-2', 'gw-3', 'gw-4'], 1],
  ])('this many members of a pool change together: %s', (_, most, out, together) => {
    const nodes = ['gw-1', 'gw-2', 'gw-3', 'gw-4'].map((id) => ({
      id,
      inRun: true,
      balanced: true,
      unreachable: false,
      pools: ['a'],
    }));
    const state = startRoll({ ...DEFAULTS, maxUnavailable: most }, nodes);
    expect(atOnceIn(state, 'a', (id) => !out.includes(id))).toBe(together);
  });
});

describe('a node that failed after its restore keeps its traffic', () => {
  const USED = 'max unavailable 1 is already used by gw-2 (held)';
  const why = (roll: Roll, seen: typeof roll.seen): string | undefined => repeatable(roll.state, seen, 'gw-1').whyKept;
  const failed = (nodes: number, options: Partial<typeof DEFAULTS> = {}): Roll => {
    const roll = new Roll(nodes, options);
    roll.begin();
    roll.goes('gw-1', ...TO_APPLY, ...BACK.slice(0, -1));
    roll.did('gw-1', 'soak', bad('gw-1'));
    return roll;
  };

  test('while others use the budget up, as far as it still gets requests', () => {
    const roll = failed(3);
    expect(why(roll, { 'gw-1': UP, 'gw-2': UP, 'gw-3': UP })).toBeUndefined();
    expect(why(roll, { 'gw-1': UP, 'gw-2': HELD, 'gw-3': UP })).toBe(USED);
    expect(why(roll, { 'gw-1': DOWN, 'gw-2': HELD, 'gw-3': UP })).toBeUndefined();
    expect(why(failed(3, { maxUnavailable: 2 }), { 'gw-1': UP, 'gw-2': HELD, 'gw-3': UP })).toBeUndefined();
  });

  test('also one that an earlier run has changed', () => {
    const roll = new Roll(2);
    roll.seen['gw-1'] = SOAKING;
    for (const node of ['gw-1', 'gw-2']) roll.tell({ type: 'ended', node, ok: true });
    roll.look();
    roll.goes('gw-1', 'waitReady', 'restore', 'waitInService');
    roll.did('gw-1', 'soak', bad('gw-1'));
    expect(why(roll, { 'gw-1': UP, 'gw-2': HELD })).toBe(USED);
  });

  test('not one that was drained before the run, while any other one serves', () => {
    const roll = new Roll(3);
    roll.seen['gw-1'] = LEASED;
    for (const node of ['gw-1', 'gw-2', 'gw-3']) roll.tell({ type: 'ended', node, ok: true });
    roll.look();
    roll.goes('gw-1', 'waitReady', 'restore', 'waitInService');
    roll.did('gw-1', 'soak', bad('gw-1'));
    expect(why(roll, { 'gw-1': UP, 'gw-2': HELD, 'gw-3': UP })).toBeUndefined();
    expect(why(roll, { 'gw-1': UP, 'gw-2': HELD, 'gw-3': DOWN })).toBe(`${USED}, gw-3 (not in full service)`);
  });
});
