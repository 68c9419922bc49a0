import { describe, expect, test } from 'vitest';
import type { ErrorInfo, RunEvent } from '../../../src/core/event/event.ts';
import { fold } from '../../../src/render/fold.ts';
import { errorGroups } from '../../../src/render/lines/error-groups.ts';
import { outcome } from '../../../src/render/lines/outcome.ts';
import { noPaint } from '../../../src/render/lines/paint.ts';
import { recap } from '../../../src/render/lines/recap.ts';
import { rolledLines } from '../../../src/render/lines/roll-lines.ts';
import { EMPTY_VIEW } from '../../../src/render/run-view.ts';
import { numbered, runEnd, taskEnd } from '../scenarios.ts';

const viewOf = (end: RunEvent) => numbered([end]).reduce(fold, EMPTY_VIEW);
const fault = (host: string, message: string, more: Partial<ErrorInfo> = {}): ErrorInfo => ({
  code: 'X_E',
  host,
  message,
  ...more,
});
const failed = { failed: 1 };

test.each<[string, RunEvent]>([
  ['OK: no changes, 2 hosts up to date', runEnd({ a: { ok: 3 }, b: { ok: 1 } })],
  ['OK: no changes, 1 host up to date', runEnd({ a: { ok: 3 } })],
  ['OK: 1 host changed, 2 up to date', runEnd({ a: { changed: 1 }, b: {}, c: {} })],
  ['OK: 3 hosts changed', runEnd({ a: { changed: 1 }, b: { changed: 9 }, c: { changed: 1 } })],
  [
    'CHECK: 41 changes planned, 3 unknown until applied; no changes made',
    runEnd({ a: { changed: 40, unknown: 3 }, b: { changed: 1 } }, { check: true }),
  ],
  ['CHECK: 1 change planned; no changes made', runEnd({ a: { changed: 1 } }, { check: true })],
  ['CHECK: no changes planned, 2 hosts up to date', runEnd({ a: {}, b: {} }, { check: true })],
  [
    'CHECK: b: no disk; 1 change planned; no changes made',
    runEnd(
      { a: { changed: 1 }, b: failed },
      { check: true, outcome: 'refused', exitCode: 2, errors: [fault('b', 'no disk')] },
    ),
  ],
  [
    'FAILED: b: no disk; 1 host changed, 1 unchanged, 1 not started',
    runEnd(
      { a: { changed: 1 }, b: failed, c: {}, d: { ok: 2 } },
      { outcome: 'partial', exitCode: 3, errors: [fault('b', 'no disk')] },
    ),
  ],
  [
    'FAILED: b: no disk; 2 not started',
    runEnd({ b: failed, c: {}, d: {} }, { outcome: 'partial', exitCode: 3, errors: [fault('b', 'no disk')] }),
  ],
  ['FAILED: b: no disk', runEnd({ b: failed }, { outcome: 'failed', exitCode: 1, errors: [fault('b', 'no disk')] })],
  ['FAILED: b: no disk', runEnd({ b: failed }, { outcome: 'failed', exitCode: 1, errors: [fault('b', 'b: no disk')] })],
  [
    'FAILED: a: x (and 2 other errors)',
    runEnd(
      { a: failed, b: failed, c: failed },
      { outcome: 'partial', exitCode: 3, errors: [fault('a', 'x'), fault('b', 'y'), fault('c', 'z')] },
    ),
  ],
  [
    'FAILED: a, b, c, d and 1 more: x',
    runEnd(
      { a: failed, b: failed, c: failed, d: failed, e: failed },
      { outcome: 'partial', exitCode: 3, errors: ['a', 'b', 'c', 'd', 'e'].map((host) => fault(host, 'x')) },
    ),
  ],
  [
    'FAILED: gw-1 has 3 MiB free (also gw-2, gw-3)',
    runEnd(
      { 'gw-1': failed, 'gw-2': failed, 'gw-3': failed },
      {
        outcome: 'partial',
        exitCode: 3,
        errors: ['gw-1', 'gw-2', 'gw-3'].map((host, at) => fault(host, `${host} has ${at + 3} MiB free`)),
      },
    ),
  ],
  [
    'FAILED: a: 10.0.0.1 does not respond (also b)',
    runEnd(
      { a: failed, b: failed },
      {
        outcome: 'partial',
        exitCode: 3,
        errors: [fault('a', '10.0.0.1 does not respond'), fault('b', '10.0.0.2 does not respond')],
      },
    ),
  ],
  [
    'REFUSED: b: port taken; no changes made',
    runEnd({ a: {}, b: failed }, { outcome: 'refused', exitCode: 2, errors: [fault('b', 'port taken')] }),
  ],
  [
    'REFUSED: the playbook is empty; no changes made',
    runEnd({}, { outcome: 'refused', exitCode: 2, errors: [{ code: 'X_E', message: 'the playbook is empty' }] }),
  ],
  [
    'INTERRUPTED: 1 host changed, 1 not started; run the same command to resume',
    runEnd({ a: { changed: 1 }, b: {} }, { outcome: 'interrupted', exitCode: 6 }),
  ],
])('%s', (sentence, end) => {
  expect(outcome(viewOf(end))).toBe(sentence);
});

test('a run without an end is reported as such', () => {
  expect(outcome(EMPTY_VIEW)).toBe('INTERRUPTED: the run has no end');
});

const groupsOf = (...errors: readonly ErrorInfo[]) =>
  errorGroups(viewOf(runEnd({}, { errors }))).map(({ hosts, alike }) => [hosts.join(' '), alike]);

test.each<[string, readonly ErrorInfo[], readonly (readonly [string, boolean])[]]>([
  ['the same words', [fault('a', 'no disk'), fault('b', 'no disk')], [['a b', true]]],
  ['each names itself', [fault('gw-1', 'gw-1 has no disk'), fault('gw-2', 'gw-2 has no disk')], [['gw-1 gw-2', false]]],
  ['sizes', [fault('a', '3 MiB free'), fault('b', '1.5 GiB free')], [['a b', false]]],
  ['addresses', [fault('a', '10.0.0.1 port 22'), fault('b', '10.0.0.2 port 22')], [['a b', false]]],
  [
    'ids and times',
    [fault('a', 'id 0123456789abcdef after 1m30s'), fault('b', 'id fedcba9876543210 after 1.5s')],
    [['a b', false]],
  ],
  [
    'another port is another cause',
    [fault('a', 'port 9080'), fault('b', 'port 7085')],
    [
      ['a', true],
      ['b', true],
    ],
  ],
  [
    'another exit code is another cause',
    [fault('a', 'exit code 1'), fault('b', 'exit code 2')],
    [
      ['a', true],
      ['b', true],
    ],
  ],
  [
    'another task is another cause',
    [fault('a', 'x', { task: 's' }), fault('b', 'x', { task: 't' })],
    [
      ['a', true],
      ['b', true],
    ],
  ],
  [
    'another code is another cause',
    [fault('a', 'x'), fault('b', 'x', { code: 'X_F' })],
    [
      ['a', true],
      ['b', true],
    ],
  ],
  ['twice on one host', [fault('a', 'x'), fault('a', 'x')], [['a', true]]],
])('errors by cause: %s', (_, errors, groups) => {
  expect(groupsOf(...errors)).toEqual(groups);
});

test('an error of a task that the run repeats is one error, with the details of both', () => {
  const end = runEnd({ a: failed }, { errors: [fault('a', 'x', { hint: 'y' })] });
  const view = numbered([
    { type: 'exec.end', host: 'a', code: null, error: { code: 'X_E', message: 'x', task: 't' }, durationMs: 1 },
    end,
  ]).reduce(fold, EMPTY_VIEW);
  expect(errorGroups(view)).toEqual([{ fault: fault('a', 'x', { task: 't', hint: 'y' }), hosts: ['a'], alike: true }]);
});

test('the last lines of a log are shown once, among the diagnostics', () => {
  const log = 'first\nnginx: [emerg] bad directive\nlast\n';
  const evidence: RunEvent = {
    type: 'roll.evidence',
    host: 'gw-1',
    evidence: {
      container: 'api7-gateway',
      status: 'exited',
      exitCode: 1,
      oomKilled: false,
      restarts: 0,
      probes: [],
      log,
    },
  };
  const reports = (details: string) =>
    recap(
      numbered([
        evidence,
        runEnd({ 'gw-1': failed }, { outcome: 'partial', exitCode: 3, errors: [fault('gw-1', 'ended', { details })] }),
      ]).reduce(fold, EMPTY_VIEW),
      noPaint,
    ).filter((line) => line.includes('bad directive'));
  expect(reports('nginx: [emerg] bad directive\nlast')).toHaveLength(1);
  expect(reports('bad directive in another file')).toHaveLength(2);
});

test('a node without any view of a balancer is reported as not drained, unless a drain may be on it', () => {
  const node = { state: 'untouched', traffic: 'unknown' } as const;
  const rows = Object.entries({ 'gw-1': node, 'gw-2': { ...node, next: 'lb restore gw-2' } });
  const lines = rolledLines(rows, noPaint);
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['gw-1', 'not started', 'not drained'],
    ['gw-2', 'not started', 'unknown'],
  ]);
});

describe('nodes that went back', () => {
  const node = { state: 'rolledBack', traffic: 'in', cause: 'answers 500' } as const;
  const back = (host: string, container: string): RunEvent => ({
    ...taskEnd(host, `the container that ran before ${container}`, 'changed', { kind: 'givenBack' }),
  });
  const wentBack = (hosts: readonly string[], ...events: readonly RunEvent[]): string =>
    outcome(
      numbered([
        ...events,
        { type: 'roll.end', play: 'Gateways', nodes: Object.fromEntries(hosts.map((host) => [host, node])) },
        runEnd({}, { outcome: 'rolledBack', exitCode: 4, errors: [fault('gw-1', 'answers 500')] }),
      ]).reduce(fold, EMPTY_VIEW),
    );

  test.each<[string, readonly string[], readonly RunEvent[]]>([
    ['gw-1 serves its previous version', ['gw-1'], []],
    ['gw-1, gw-2 serve their previous version', ['gw-1', 'gw-2'], []],
    ['gw-1 serves from its old container', ['gw-1'], [back('gw-1', 'api7-gateway')]],
    [
      'cp-1 serves from its old containers',
      ['cp-1'],
      [back('cp-1', 'api7-dashboard'), back('cp-1', 'api7-dp-manager')],
    ],
    [
      'gw-1, gw-2 serve from their old containers',
      ['gw-1', 'gw-2'],
      [back('gw-1', 'api7-gateway'), back('gw-2', 'api7-gateway')],
    ],
    [
      'gw-1 serves its previous version; gw-2 serves from its old container',
      ['gw-1', 'gw-2'],
      [back('gw-2', 'api7-gateway')],
    ],
  ])('%s', (sentence, hosts, events) => {
    expect(wentBack(hosts, ...events)).toBe(`ROLLED BACK: gw-1: answers 500; ${sentence}`);
  });
});
