import { describe, expect, test } from 'vitest';
import { endOf } from '../../src/rolling/report.ts';
import type { Event, Result, Step } from '../../src/rolling/types.ts';
import { BACK, bad, DOWN, faultOn, gone, held, LEASED, Roll, TO_APPLY, UP } from './roll-steps.ts';

describe('a failure', () => {
  test.each<[string, readonly Step[], Step, Result, readonly Step[], string]>([
    ['of the dependency check leaves it unchanged', [], 'checkDependencies', bad('gw-1'), [], 'untouched, in'],
    ['of the drain takes it back', ['checkDependencies'], 'drain', bad('gw-1'), ['undoDrain'], 'failed, in'],
    [
      'of the wait until idle undoes the drain',
      ['checkDependencies', 'drain'],
      'waitIdle',
      bad('gw-1'),
      ['undoDrain'],
      'failed, in',
    ],
    [
      'of the change keeps it drained',
      ['checkDependencies', 'drain', 'waitIdle'],
      'apply',
      bad('gw-1'),
      ['collectDiagnostics'],
      'failed, out',
    ],
    [
      'of the change before its service is stopped undoes the drain',
      ['checkDependencies', 'drain', 'waitIdle'],
      'apply',
      { kind: 'failed', fault: faultOn('gw-1'), intact: true },
      ['collectDiagnostics', 'undoDrain'],
      'failed, in',
    ],
    [
      'of the last check of the control plane undoes the drain',
      ['checkDependencies', 'drain', 'waitIdle'],
      'apply',
      { kind: 'hold', fault: faultOn('gw-1'), intact: true },
      ['collectDiagnostics', 'undoDrain'],
      'failed, in',
    ],
    ['of its gates keeps it drained', TO_APPLY, 'waitReady', bad('gw-1'), ['collectDiagnostics'], 'failed, out'],
    ['of the restore is reported', [...TO_APPLY, 'waitReady'], 'restore', bad('gw-1'), [], 'failed, unknown'],
    [
      'in service drains it again',
      [...TO_APPLY, 'waitReady', 'restore'],
      'waitInService',
      bad('gw-1'),
      ['drainAgain', 'collectDiagnostics'],
      'failed, out',
    ],
    [
      'in the soak drains it again',
      [...TO_APPLY, 'waitReady', 'restore', 'waitInService'],
      'soak',
      bad('gw-1'),
      ['drainAgain', 'collectDiagnostics'],
      'failed, out',
    ],
    [
      'to respond before it is idle undoes the drain',
      ['checkDependencies', 'drain'],
      'waitIdle',
      gone('gw-1'),
      ['undoDrain'],
      'failed, unknown',
    ],
    [
      'to respond during its change keeps it drained',
      ['checkDependencies', 'drain', 'waitIdle'],
      'apply',
      gone('gw-1'),
      [],
      'failed, out',
    ],
    [
      'to answer in service leaves it to the health checks',
      [...TO_APPLY, 'waitReady', 'restore'],
      'waitInService',
      gone('gw-1'),
      [],
      'failed, unknown',
    ],
  ])('%s', (_, before, step, result, after, end) => {
    const roll = new Roll(2);
    roll.begin();
    roll.goes('gw-1', ...before);
    let reports = roll.did('gw-1', step, result);
    for (const next of after) {
      expect(reports).toContain(`gw-1 ${next}`);
      reports = roll.did('gw-1', next);
    }
    expect(reports.at(-1)).toBe('finish');
    expect(roll.end('gw-1')).toBe(end);
    expect(roll.end('gw-2')).toBe('untouched, in');
    expect(endOf(roll.state, 'gw-1')?.fault).toEqual(faultOn('gw-1'));
    const waiting = roll.commands.filter((command) => command.do === 'refuse').map(({ node }) => node);
    expect(waiting.includes('gw-1')).toBe(!before.includes('waitIdle'));
  });

  test('of two nodes in a batch, one failed and one unreachable: no other node is changed', () => {
    const roll = new Roll(6, { batch: 2, maxUnavailable: 2 });
    expect(roll.begin()).toEqual(['gw-1 checkDependencies', 'gw-2 checkDependencies']);
    roll.goes('gw-1', ...TO_APPLY);
    roll.goes('gw-2', 'checkDependencies', 'drain', 'waitIdle');
    const refused = ['gw-3', 'gw-4', 'gw-5', 'gw-6'].map((id) => `refuse ${id}`);
    expect(roll.did('gw-1', 'waitReady', bad('gw-1'))).toEqual([...refused, 'gw-1 collectDiagnostics']);
    expect(roll.did('gw-2', 'apply', gone('gw-2'))).toEqual([]);
    expect(roll.did('gw-1', 'collectDiagnostics')).toEqual(['finish']);
    const ends = roll.state.nodes.map(({ id }) => endOf(roll.state, id));
    expect(ends.map((end) => end?.state)).toEqual(['failed', 'failed', ...refused.map(() => 'untouched')]);
    expect(ends.map((end) => end?.lost)).toEqual([false, true, false, false, false, false]);
    expect(ends.slice(0, 2).map((end) => end?.drained)).toEqual(['yes', 'yes']);
  });

  test.each(['waitInService', 'soak'] as const)(
    'of a balancer at %s is not held against the node behind it',
    (step) => {
      const roll = new Roll(2);
      roll.begin();
      roll.goes('gw-1', ...TO_APPLY, 'waitReady', 'restore', ...(step === 'soak' ? (['waitInService'] as const) : []));
      expect(roll.did('gw-1', step, { kind: 'failed', fault: faultOn('lb-1'), notNodesFault: true })).toEqual([
        'refuse gw-2',
        'gw-1 collectDiagnostics',
      ]);
      roll.did('gw-1', 'collectDiagnostics');
      expect(roll.end('gw-1')).toBe('failed, in');
    },
  );

  test('during cleanup does not hide the first failure', () => {
    const roll = new Roll(1);
    roll.begin();
    roll.goes('gw-1', 'checkDependencies');
    roll.did('gw-1', 'drain', bad('gw-1'));
    expect(roll.did('gw-1', 'undoDrain', gone('lb-1'))).toEqual(['refuse gw-1', 'finish']);
    expect(endOf(roll.state, 'gw-1')).toMatchObject({
      state: 'failed',
      step: 'drain',
      drained: 'maybe',
      fault: faultOn('gw-1'),
      also: [faultOn('lb-1')],
    });
  });

  test('within max_failures does not stop the rolling change, but uses budget', () => {
    const roll = new Roll(3, { maxFailures: 1, maxUnavailable: 2 });
    roll.begin();
    roll.goes('gw-1', ...TO_APPLY);
    roll.did('gw-1', 'waitReady', bad('gw-1'));
    roll.did('gw-1', 'collectDiagnostics');
    roll.seen['gw-1'] = LEASED;
    expect(roll.goes('gw-2', ...TO_APPLY, ...BACK)).toEqual(['observe']);
    expect(roll.look()).toEqual(['gw-3 checkDependencies']);
    expect(endOf(roll.state, 'gw-1')?.goOn).toContain('stays drained');
  });

  test('of a program after its node was done stops the rolling change', () => {
    const roll = new Roll(2);
    roll.begin();
    roll.goes('gw-1', ...TO_APPLY, ...BACK);
    const late: Event = { type: 'ended', node: 'gw-1', ok: false, fault: faultOn('gw-1') };
    expect(roll.tell(late)).toEqual(['refuse gw-2', 'finish']);
    expect(endOf(roll.state, 'gw-1')?.state).toBe('failed');
  });

  test('of a program after the rolling change was over is reported, and no step follows', () => {
    const roll = new Roll(1);
    roll.begin();
    roll.goes('gw-1', ...TO_APPLY, ...BACK);
    expect(roll.state.finished).toBe(true);
    expect(roll.tell({ type: 'ended', node: 'gw-1', ok: false, fault: faultOn('gw-1') })).toEqual([]);
    expect(endOf(roll.state, 'gw-1')?.state).toBe('failed');
  });
});

describe('a question to the operator', () => {
  test.each<[string, readonly Step[], Step, readonly string[], readonly string[]]>([
    [
      'whether to check dependencies again, by a new observation',
      [],
      'checkDependencies',
      ['observe'],
      ['refuse gw-1', 'refuse gw-2', 'finish'],
    ],
    [
      'whether to wait on',
      ['checkDependencies', 'drain'],
      'waitIdle',
      ['gw-1 waitIdle'],
      ['refuse gw-2', 'gw-1 undoDrain'],
    ],
    [
      'whether it is healthy',
      [...TO_APPLY, 'waitReady', 'restore', 'waitInService'],
      'soak',
      ['observe'],
      ['refuse gw-2', 'finish'],
    ],
  ])('%s', (_, before, step, yes, no) => {
    for (const go of [true, false]) {
      const roll = new Roll(2);
      roll.begin();
      roll.goes('gw-1', ...before);
      expect(roll.did('gw-1', step, held('gw-1'))).toEqual(['hold gw-1']);
      expect(roll.tell({ type: 'answered', go })).toEqual(go ? yes : no);
    }
  });

  test('one question at a time, and no node starts meanwhile', () => {
    const roll = new Roll(4, { batch: 2, maxUnavailable: 2 });
    roll.begin();
    expect(roll.did('gw-1', 'checkDependencies', held('gw-1'))).toEqual(['hold gw-1']);
    expect(roll.did('gw-2', 'checkDependencies', held('gw-2'))).toEqual([]);
    expect(roll.tell({ type: 'answered', go: true })).toEqual(['hold gw-2']);
    expect(roll.tell({ type: 'answered', go: true })).toEqual(['observe']);
    expect(roll.look()).toEqual(['gw-1 checkDependencies', 'gw-2 checkDependencies']);
  });

  test('when a balancer stops responding during the run', () => {
    const roll = new Roll(2);
    roll.begin();
    roll.goes('gw-1', ...TO_APPLY, ...BACK);
    expect(roll.tell({ type: 'observeFailed', fault: faultOn('lb-1') })).toEqual(['hold']);
    expect(roll.tell({ type: 'answered', go: true })).toEqual(['observe']);
    expect(roll.look()).toEqual(['gw-2 checkDependencies']);
  });
});

test.each([
  ['whose balancers count nothing there', false, 'gw-1 apply'],
  ['whose balancers do not count: requests may run there still', true, 'gw-1 waitIdle'],
])('a drain that remains, %s', (_, uncounted, next) => {
  const roll = new Roll(2);
  roll.seen['gw-1'] = { ...LEASED, uncounted };
  roll.begin();
  roll.did('gw-1', 'checkDependencies');
  expect(roll.look()).toEqual(['gw-1 drain']);
  roll.did('gw-1', 'drain');
  expect(roll.look()).toEqual([next]);
});

test('an unhealthy node is not drained when no balancer shows whether it serves and the operator answers no', () => {
  const roll = new Roll(2);
  roll.seen['gw-1'] = DOWN;
  roll.begin();
  expect(roll.did('gw-1', 'checkDependencies')).toEqual(['observe']);
  expect(roll.tell({ type: 'observeFailed', fault: faultOn('lb-1') })).toEqual(['hold']);
  expect(roll.tell({ type: 'answered', go: false })).toEqual(['refuse gw-1', 'refuse gw-2', 'finish']);
  expect(endOf(roll.state, 'gw-1')?.state).toBe('untouched');
});

describe('the network of the controller', () => {
  test('holds every order until all nodes are observed again, and fails no node', () => {
    const roll = new Roll(2, { batch: 2, maxUnavailable: 2 });
    roll.begin();
    roll.goes('gw-1', 'checkDependencies', 'drain');
    expect(roll.tell({ type: 'network', up: false })).toEqual([]);
    expect(roll.did('gw-1', 'waitIdle')).toEqual([]);
    expect(roll.did('gw-2', 'checkDependencies')).toEqual([]);
    expect(roll.tell({ type: 'network', up: true })).toEqual(['observe']);
    roll.seen['gw-1'] = LEASED;
    expect(roll.look()).toEqual(['gw-1 apply', 'gw-2 checkDependencies']);
  });

  test('an outage before a drain: the node is not drained if another node went out of service meanwhile', () => {
    const roll = new Roll(3, { maxUnavailable: 1 });
    roll.begin();
    roll.tell({ type: 'network', up: false });
    roll.did('gw-1', 'checkDependencies');
    roll.tell({ type: 'network', up: true });
    roll.seen['gw-3'] = DOWN;
    expect(roll.look()).toEqual(['gw-3 checkDependencies']);
  });
});

test('an external drain leaves no member for the requests of a node: it is restored unchanged, and no other node begins', () => {
  const roll = new Roll(3, { maxFailures: 2 });
  roll.begin();
  roll.goes('gw-1', 'checkDependencies');
  const fault = { code: 'NO_OTHER_MEMBER_UP', message: 'gw-2 and gw-3 are being drained', host: 'gw-1' } as const;
  const orders = roll.did('gw-1', 'drain', { kind: 'failed', fault });
  expect(orders).toContain('gw-1 undoDrain');
  expect(orders.filter((order) => !order.startsWith('refuse'))).toEqual(['gw-1 undoDrain']);
  roll.did('gw-1', 'undoDrain');
  expect(roll.end('gw-1')).toBe('untouched, in');
});

describe('an interrupt', () => {
  test.each<[string, readonly Step[], Step, readonly string[], string | undefined]>([
    ['before the drain: nothing happened', [], 'checkDependencies', ['refuse gw-1', 'finish'], 'untouched, in'],
    ['while it drains: it is restored', ['checkDependencies'], 'drain', ['gw-1 undoDrain'], undefined],
    [
      'during the wait until idle: it is restored',
      ['checkDependencies', 'drain'],
      'waitIdle',
      ['gw-1 undoDrain'],
      undefined,
    ],
    [
      'during its change: it runs to its end',
      ['checkDependencies', 'drain', 'waitIdle'],
      'apply',
      ['gw-1 waitReady'],
      undefined,
    ],
  ])('%s', (_, before, step, orders, end) => {
    const roll = new Roll(2);
    roll.begin();
    roll.goes('gw-1', ...before);
    expect(roll.tell({ type: 'interrupted' })).toEqual(['refuse gw-2']);
    expect(roll.did('gw-1', step)).toEqual(orders);
    expect(roll.end('gw-1')).toBe(end);
  });

  test.each<[Step, readonly Step[]]>([
    ['checkDependencies', []],
    ['waitIdle', ['checkDependencies', 'drain']],
  ])('ends %s early: the node is restored, and has not failed', (step, before) => {
    const roll = new Roll(2);
    roll.begin();
    roll.goes('gw-1', ...before);
    roll.tell({ type: 'interrupted' });
    const fault = { code: 'INTERRUPTED', message: 'interrupted on gw-1', host: 'gw-1' } as const;
    const orders = roll.did('gw-1', step, { kind: 'failed', fault });
    if (step === 'waitIdle') {
      expect(orders).toEqual(['gw-1 undoDrain']);
      roll.did('gw-1', 'undoDrain');
    }
    expect(roll.end('gw-1')).toBe('untouched, in');
  });

  test('withdraws a question, and counts it as answered with no', () => {
    const roll = new Roll(1);
    roll.begin();
    roll.goes('gw-1', 'checkDependencies', 'drain');
    roll.did('gw-1', 'waitIdle', held('gw-1'));
    expect(roll.tell({ type: 'interrupted' })).toEqual(['gw-1 undoDrain']);
    expect(roll.tell({ type: 'answered', go: true })).toEqual([]);
    expect(roll.did('gw-1', 'undoDrain')).toEqual(['refuse gw-1', 'finish']);
    expect(roll.end('gw-1')).toBe('untouched, in');
  });
});

describe('a node that is restored unchanged', () => {
  const roll = (options = {}) => new Roll(2, options, { 'gw-1': { recovers: true }, 'gw-2': { recovers: true } });

  test.each<[Step, readonly string[]]>([
    ['apply', ['gw-1 collectDiagnostics', 'gw-1 recover']],
    ['waitReady', ['gw-1 collectDiagnostics', 'gw-1 recover']],
    ['soak', ['gw-1 drainAgain', 'gw-1 collectDiagnostics', 'gw-1 recover']],
  ])('whose %s failed is gated and restored, and the rolling change ends', (step, steps) => {
    const it = roll();
    it.begin();
    const route = [...TO_APPLY, ...BACK];
    it.goes('gw-1', ...route.slice(0, route.indexOf(step)));
    let reports = it.did('gw-1', step, bad('gw-1'));
    for (const next of [...steps, 'gw-1 waitReady', 'gw-1 restore', 'gw-1 waitInService']) {
      expect(reports).toContain(next);
      reports = it.did('gw-1', next.split(' ')[1] as Step);
    }
    expect(reports).toEqual(['finish']);
    expect([it.end('gw-1'), it.end('gw-2')]).toEqual(['rolledBack, in', 'untouched, in']);
    expect(endOf(it.state, 'gw-1')?.fault).toEqual(faultOn('gw-1'));
  });

  test.each<[string, Step]>([
    ['that has no way back', 'recover'],
    ['that is not ready then', 'waitReady'],
  ])('%s stays drained', (_, step) => {
    const it = roll();
    it.begin();
    it.goes('gw-1', ...TO_APPLY);
    it.did('gw-1', 'waitReady', bad('gw-1'));
    it.did('gw-1', 'collectDiagnostics');
    if (step === 'waitReady') it.did('gw-1', 'recover');
    expect(it.did('gw-1', step, bad('gw-1'))).toEqual(['finish']);
    expect(it.end('gw-1')).toBe('failed, out');
    expect(endOf(it.state, 'gw-1')?.also).toEqual([faultOn('gw-1')]);
  });

  test('that has no way back and was not stopped is restored as it is', () => {
    const it = roll();
    it.begin();
    it.goes('gw-1', 'checkDependencies', 'drain', 'waitIdle');
    it.did('gw-1', 'apply', { kind: 'failed', fault: faultOn('gw-1'), intact: true });
    expect(it.did('gw-1', 'collectDiagnostics')).toEqual(['gw-1 recover']);
    expect(it.did('gw-1', 'recover', bad('gw-1'))).toEqual(['gw-1 undoDrain']);
    expect(it.did('gw-1', 'undoDrain')).toEqual(['finish']);
    expect(it.end('gw-1')).toBe('failed, in');
  });

  test.each(['apply', 'waitIdle'] as const)('that an operator has drained by its %s stays out of service', (step) => {
    const it = roll();
    it.begin();
    const route: readonly Step[] = ['checkDependencies', 'drain', 'waitIdle'];
    it.goes('gw-1', ...route.slice(0, step === 'apply' ? 3 : 2));
    it.did('gw-1', step, { kind: 'failed', fault: { ...faultOn('gw-1'), code: 'NODE_HELD' }, intact: true });
    if (step === 'apply') it.did('gw-1', 'collectDiagnostics');
    it.did('gw-1', 'undoDrain', { kind: 'ok', heldBy: 'ops@desk' });
    expect(it.end('gw-1')).toBe(step === 'apply' ? 'failed, out' : 'skipped, out');
  });

  test.each(['INTERRUPTED', 'NODE_TAKEN', 'NODE_HELD', 'DRAIN_LOST'] as const)('stays as it is after %s', (code) => {
    const it = roll();
    it.begin();
    it.goes('gw-1', ...TO_APPLY);
    it.did('gw-1', 'waitReady', { kind: 'failed', fault: { ...faultOn('gw-1'), code } });
    expect(it.did('gw-1', 'collectDiagnostics')).toEqual(['finish']);
    expect(it.end('gw-1')).toBe('failed, out');
  });

  test.each([
    [LEASED, 'gw-1 drainAgain', 'a node that an earlier run left drained'],
    [{ ...LEASED, inTraffic: true }, undefined, 'a node of which one balancer still uses it'],
    [UP, undefined, 'a node that serves'],
  ] as const)('%s: %s for %s, whose new version does not work', (seen, step, _) => {
    const it = roll();
    it.seen['gw-1'] = seen;
    it.tell({ type: 'planned', node: 'gw-1', unhealthy: true });
    it.tell({ type: 'planned', node: 'gw-2', unhealthy: false });
    it.tell({ type: 'ended', node: 'gw-1', ok: false, fault: { ...faultOn('gw-1'), code: 'NOT_READY' } });
    it.tell({ type: 'needsDrain', node: 'gw-2' });
    const reports = it.look();
    expect(reports.filter((one) => one.startsWith('gw-1'))).toEqual(step === undefined ? [] : [step]);
    if (step === undefined) expect(it.end('gw-1')).toBe(`failed, ${seen.inTraffic ? 'in' : 'out'}`);
    expect(it.end('gw-2')).toBe('untouched, in');
  });
});
