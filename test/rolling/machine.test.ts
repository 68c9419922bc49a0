import { describe, expect, test } from 'vitest';
import { planOf } from '../../src/rolling/plan.ts';
import { endOf } from '../../src/rolling/report.ts';
import { withSeen } from '../../src/rolling/state.ts';
import type { Event, NodeInit, Observation, Options, Step } from '../../src/rolling/types.ts';
import { BACK, bad, DOWN, faultOn, HELD, LEASED, Roll, SOAKING, TO_APPLY, UP } from './roll-steps.ts';

describe('before the first drain', () => {
  test('no node starts until every program has reached its first disruptive change', () => {
    const roll = new Roll(2);
    expect(roll.tell({ type: 'planned', node: 'gw-1', unhealthy: false })).toEqual([]);
    expect(roll.tell({ type: 'needsDrain', node: 'gw-1' })).toEqual([]);
    expect(roll.tell({ type: 'planned', node: 'gw-2', unhealthy: false })).toEqual([]);
    expect(roll.tell({ type: 'needsDrain', node: 'gw-2' })).toEqual(['observe']);
    expect(roll.look()).toEqual(['gw-1 checkDependencies']);
  });

  test('a node whose staging fails refuses all others', () => {
    const roll = new Roll(3, { maxFailures: 2 });
    roll.tell({ type: 'needsDrain', node: 'gw-1' });
    roll.tell({ type: 'needsDrain', node: 'gw-2' });
    const ended: Event = { type: 'ended', node: 'gw-3', ok: false, fault: faultOn('gw-3') };
    expect(roll.tell(ended)).toEqual(['refuse gw-1', 'refuse gw-2', 'finish']);
    expect(['gw-1', 'gw-2', 'gw-3'].map((id) => endOf(roll.state, id)?.state)).toEqual([
      'untouched',
      'untouched',
      'failed',
    ]);
  });

  test('a run without changes ends after one check for remaining drains', () => {
    const roll = new Roll(2);
    roll.tell({ type: 'ended', node: 'gw-1', ok: true });
    expect(roll.tell({ type: 'ended', node: 'gw-2', ok: true })).toEqual(['observe']);
    expect(roll.look()).toEqual(['finish']);
    expect(endOf(roll.state, 'gw-1')?.state).toBe('unchanged');
  });

  test('a balancer that does not respond refuses all nodes, each with the reason', () => {
    const roll = new Roll(2);
    roll.tell({ type: 'needsDrain', node: 'gw-1' });
    roll.tell({ type: 'needsDrain', node: 'gw-2' });
    expect(roll.tell({ type: 'observeFailed', fault: faultOn('lb-1') })).toEqual([
      'refuse gw-1',
      'refuse gw-2',
      'finish',
    ]);
    expect(roll.commands.find((command) => command.do === 'refuse')?.own).toEqual(faultOn('lb-1'));
  });

  test('a budget that rounds to zero is refused', () => {
    expect(() => new Roll(3, { maxUnavailable: '25%' })).toThrow(expect.objectContaining({ code: 'BUDGET_ZERO' }));
  });

  test('the rolling change is over at once when no node of the run is reachable', () => {
    const roll = new Roll(1, {}, { 'gw-1': { unreachable: true } });
    expect(roll.state.finished).toBe(true);
    expect(roll.end('gw-1')).toBe('skipped, unknown');
  });
});

describe('one node from start to end', () => {
  test.each<[string, Partial<Options>, Partial<NodeInit>, Observation, readonly Step[]]>([
    ['a serving node', {}, {}, UP, [...TO_APPLY, ...BACK]],
    ['one that is to stay out', { leaveDrained: true }, {}, UP, TO_APPLY],
    ['one without balancers', {}, { balanced: false }, UP, ['checkDependencies', 'apply', 'waitReady', 'soak']],
    ['one held', { includeHeld: true }, {}, HELD, ['checkDependencies', 'drain', 'apply', 'waitReady', 'restore']],
    ['one that is down', {}, {}, DOWN, ['checkDependencies', 'drain', 'apply', ...BACK]],
    ['one left drained', {}, {}, LEASED, ['checkDependencies', 'drain', 'apply', ...BACK]],
  ])('%s', (_, options, change, seen, steps) => {
    const roll = new Roll(1, options, { 'gw-1': change });
    roll.seen['gw-1'] = seen;
    roll.begin();
    const taken: Step[] = [];
    for (let last = roll.commands.at(-1); last?.do !== 'finish'; last = roll.commands.at(-1)) {
      if (last?.do === 'step') taken.push(last.step);
      if (last?.do === 'step') roll.did('gw-1', last.step);
      else roll.look();
    }
    expect(taken).toEqual(steps);
    expect(endOf(roll.state, 'gw-1')?.state).toBe('done');
  });

  test('a node that is left drained and has nothing to change: it is restored once it is idle', () => {
    const roll = new Roll(1);
    roll.seen['gw-1'] = LEASED;
    roll.tell({ type: 'ended', node: 'gw-1', ok: true });
    expect(roll.look()).toEqual(['gw-1 waitReady']);
    expect(roll.goes('gw-1', ...BACK)).toEqual(['finish']);
    expect(roll.end('gw-1')).toBe('done, in');
  });

  test('a node whose soak an earlier run did not pass is soaked before any other node is drained', () => {
    const roll = new Roll(2);
    roll.seen['gw-1'] = SOAKING;
    roll.tell({ type: 'ended', node: 'gw-1', ok: true });
    roll.tell({ type: 'needsDrain', node: 'gw-2' });
    expect(roll.look()).toEqual(['gw-1 waitReady']);
    expect(roll.goes('gw-1', 'waitReady', 'restore', 'waitInService')).toEqual(['gw-1 soak']);
    expect(roll.did('gw-1', 'soak', bad('gw-1'))).toEqual(['refuse gw-2', 'gw-1 drainAgain']);
    expect([roll.end('gw-2')]).toEqual(['untouched, in']);
  });

  test('a node that changes again goes before the others while its soak is not passed', () => {
    const roll = new Roll(2);
    roll.seen['gw-2'] = SOAKING;
    expect(roll.begin()).toEqual(['gw-2 checkDependencies']);
  });

  test('one outside the run uses budget: whether its version serves is unknown', () => {
    const roll = new Roll(3, {}, { 'gw-1': { inRun: false } });
    roll.seen['gw-1'] = SOAKING;
    expect(roll.begin()).toEqual(['refuse gw-2', 'refuse gw-3', 'finish']);
    expect(roll.state.stopped?.why).toBe('max unavailable 1 is already used by gw-1 (soak not passed)');
    const more = new Roll(3, { maxUnavailable: 2 }, { 'gw-1': { inRun: false } });
    more.seen['gw-1'] = SOAKING;
    expect(more.begin()).toEqual(['gw-2 checkDependencies']);
  });

  test('a node that an operator holds is not soaked', () => {
    const roll = new Roll(1);
    roll.seen['gw-1'] = { ...SOAKING, held: true };
    roll.tell({ type: 'ended', node: 'gw-1', ok: true });
    expect(roll.look()).toEqual(['finish']);
    expect(roll.end('gw-1')).toBe('unchanged, in');
  });

  test('finished nodes are rechecked before the next one starts', () => {
    const roll = new Roll(3);
    roll.begin();
    expect(roll.goes('gw-1', ...TO_APPLY, ...BACK)).toEqual(['observe']);
    expect(roll.look()).toEqual(['gw-2 checkDependencies']);
    expect(roll.goes('gw-2', ...TO_APPLY, ...BACK)).toEqual(['gw-2 recheck gw-1']);
    expect(roll.did('gw-2', 'recheck', bad('gw-1'))).toEqual(['refuse gw-3', 'finish']);
    expect([roll.end('gw-1'), roll.end('gw-2'), roll.end('gw-3')]).toEqual(['failed, in', 'done, in', 'untouched, in']);
  });
});

describe('the order of nodes', () => {
  test('a node that is down goes first, uses no budget, and keeps serving nodes waiting', () => {
    const roll = new Roll(4, { batch: 2 });
    Object.assign(roll.seen, { 'gw-2': DOWN, 'gw-4': DOWN });
    expect(roll.begin()).toEqual(['gw-2 checkDependencies', 'gw-4 checkDependencies']);
    roll.did('gw-2', 'checkDependencies');
    expect(roll.look()).toEqual(['gw-2 drain']);
  });

  test('a node that came back up before its drain waits like any other', () => {
    const roll = new Roll(2);
    Object.assign(roll.seen, { 'gw-1': DOWN, 'gw-2': DOWN });
    expect(roll.begin()).toEqual(['gw-1 checkDependencies']);
    expect(roll.did('gw-1', 'checkDependencies')).toEqual(['observe']);
    roll.seen['gw-1'] = UP;
    expect(roll.look()).toEqual(['gw-2 checkDependencies']);
  });

  test('canaries one after another, then batches', () => {
    const roll = new Roll(5, { canary: 1, batch: 2, maxUnavailable: 2 });
    expect(roll.begin()).toEqual(['gw-1 checkDependencies']);
    roll.goes('gw-1', ...TO_APPLY, ...BACK);
    expect(roll.look()).toEqual(['gw-2 checkDependencies', 'gw-3 checkDependencies']);
    expect(roll.goes('gw-2', ...TO_APPLY, ...BACK, 'recheck')).toEqual([]);
    expect(roll.goes('gw-3', ...TO_APPLY, ...BACK, 'recheck')).toEqual(['observe']);
    expect(roll.look()).toEqual(['gw-4 checkDependencies', 'gw-5 checkDependencies']);
  });

  test('the order of the playbook', () => {
    expect(new Roll(3, { order: ['gw-3', 'gw-2'] }).begin()).toEqual(['gw-3 checkDependencies']);
  });

  test('no more nodes than the budget allows, also with other nodes out of service', () => {
    const roll = new Roll(4, { batch: 4, maxUnavailable: 2 }, { 'gw-4': { inRun: false } });
    roll.seen['gw-4'] = HELD;
    expect(roll.begin()).toEqual(['gw-1 checkDependencies']);
  });

  test.each<[string, Observation | undefined, Partial<NodeInit>, string]>([
    ['held', HELD, { inRun: false }, 'held'],
    ['drained', LEASED, { inRun: false }, 'drained by this tool'],
    ['down', DOWN, { inRun: false }, 'not in full service'],
    ['not reached', UP, { unreachable: true }, 'no response'],
    ['not shown', undefined, { inRun: false }, 'shown by no balancer'],
  ])('no node, while one that is %s uses the whole budget', (_, seen, change, why) => {
    const roll = new Roll(3, {}, { 'gw-3': change });
    if (seen === undefined) delete roll.seen['gw-3'];
    else roll.seen['gw-3'] = seen;
    expect(roll.begin()).toEqual(['refuse gw-1', 'refuse gw-2', 'finish']);
    expect(endOf(roll.state, 'gw-1')?.why).toBe(`max unavailable 1 is already used by gw-3 (${why})`);
  });

  test('a held node is skipped, and uses budget', () => {
    const roll = new Roll(2);
    roll.seen['gw-2'] = HELD;
    expect(roll.begin()).toEqual(['refuse gw-1', 'refuse gw-2', 'finish']);
    expect(endOf(roll.state, 'gw-2')).toMatchObject({ state: 'skipped', traffic: 'out', drained: 'no' });
    expect(endOf(roll.state, 'gw-2')?.why).toBe('gw-2 is held: it was drained outside this run');
  });

  test('no node on an observation that was requested before the last event', () => {
    const roll = new Roll(3, { batch: 2, maxUnavailable: 2 });
    roll.begin();
    roll.goes('gw-1', ...TO_APPLY, ...BACK);
    expect(roll.commands.at(-1)).toMatchObject({ do: 'step' });
    const waves = new Roll(3, { maxUnavailable: 2 });
    waves.begin();
    expect(waves.goes('gw-1', ...TO_APPLY, ...BACK)).toEqual(['observe']);
    expect(waves.did('gw-2', 'checkDependencies')).toEqual(['gw-2 drain']);
    expect(waves.look()).toEqual(['observe']);
    expect(waves.look()).toEqual(['gw-3 checkDependencies']);
  });
});

describe('the order that is announced', () => {
  test.each<[boolean, readonly (readonly string[])[], readonly string[]]>([
    [false, [['gw-1', 'gw-4']], ['gw-2 held: it was drained outside this run', 'gw-3 unreachable']],
    [true, [['gw-2'], ['gw-1', 'gw-4']], ['gw-3 unreachable']],
  ])('nodes that are skipped are named apart (held ones included: %s)', (includeHeld, waves, skipped) => {
    const roll = new Roll(4, { includeHeld }, { 'gw-3': { unreachable: true } });
    for (const node of ['gw-1', 'gw-2', 'gw-4']) roll.tell({ type: 'needsDrain', node });
    const plan = planOf(withSeen(roll.state, { ...roll.seen, 'gw-2': HELD }));
    expect(plan.waves).toEqual(waves);
    expect(plan.skipped.map(({ host, why }) => `${host} ${why}`)).toEqual(skipped);
  });

  test.each<[Partial<Options>, readonly (readonly string[])[]]>([
    [{}, [['gw-1', 'gw-2', 'gw-3', 'gw-4']]],
    [{ canary: 1 }, [['gw-1'], ['gw-2', 'gw-3', 'gw-4']]],
    [
      { batch: '50%' },
      [
        ['gw-1', 'gw-2'],
        ['gw-3', 'gw-4'],
      ],
    ],
    [{ canary: 1, batch: [1, 2] }, [['gw-1'], ['gw-2'], ['gw-3', 'gw-4']]],
  ])('the batches of %j', (options, waves) => {
    const roll = new Roll(4, options);
    roll.begin();
    const fresh = new Roll(4, options);
    for (const { id: node } of fresh.state.nodes) fresh.tell({ type: 'needsDrain', node });
    expect(planOf(fresh.state)).toEqual({
      first: [],
      skipped: [],
      waves,
      budgets: [{ pools: [], maxUnavailable: 1, members: 4 }],
    });
  });
});
