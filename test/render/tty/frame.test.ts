import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../../src/core/event/event.ts';
import { fold } from '../../../src/render/fold.ts';
import { noPaint } from '../../../src/render/lines/paint.ts';
import { EMPTY_VIEW } from '../../../src/render/run-view.ts';
import { frame } from '../../../src/render/tty/frame.ts';
import { numbered, step, taskEnd } from '../scenarios.ts';

const viewOf = (events: readonly RunEvent[]) => numbered(events).reduce(fold, EMPTY_VIEW);

const start = (hosts: readonly string[]): readonly RunEvent[] => [
  { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts },
  { type: 'play.start', play: 'Gateways', hosts },
];
const begin = (host: string, task: string, waiting = false): RunEvent => ({
  type: 'task.start',
  host,
  play: 'Gateways',
  task,
  kind: 'x',
  waiting,
});

test('shows the progress, the active hosts with their tasks, and since when', () => {
  const view = viewOf([
    ...start(['gw-1', 'gw-10', 'gw-2']),
    begin('gw-1', 'package /opt/api7/package'),
    { type: 'task.progress', host: 'gw-1', task: 'package /opt/api7/package', text: '12 of 60 MB' },
    begin('gw-10', 'httpReady http://127.0.0.1:7085/status', true),
    taskEnd('gw-2', 'directory /opt/api7', 'changed'),
    { type: 'host.end', host: 'gw-2', play: 'Gateways', status: 'ok', durationMs: 1 },
    begin('lb-1', 'member gw-2 (on lb-1)'),
  ]);
  expect(frame(view, 66_000, { rows: 24, columns: 80 }, noPaint)).toEqual([
    'Gateways: 1 of 3 hosts done, 1 change',
    '  gw-1     1m4s  package /opt/api7/package: 12 of 60 MB',
    '  gw-10    1m2s  waiting for health check http://127.0.0.1:7085/status',
    '  lb-1      59s  member gw-2 (on lb-1)',
  ]);
});

test('a rolling change: finished nodes count, the step of the others, and the remaining time', () => {
  const view = viewOf([
    ...start(['gw-1', 'gw-2', 'gw-3']),
    {
      type: 'roll.plan',
      play: 'Gateways',
      waves: [['gw-1', 'gw-2', 'gw-3']],
      budgets: [{ pools: ['gateways'], maxUnavailable: 1, members: 3 }],
      deadlines: [],
    },
    step('gw-1', 'drain', 'begun'),
    step('gw-1', 'soak', 'begun'),
    step('gw-1', 'soak', 'ok'),
    step('gw-2', 'drain', 'begun'),
    step('gw-2', 'drain', 'ok'),
    step('gw-2', 'waitReady', 'begun'),
    begin('gw-2', 'httpReady http://127.0.0.1:7085/status', true),
  ]);
  // gw-1 took 2 s, gw-2 began one second ago: one more second, and two for gw-3.
  expect(frame(view, 7000, { rows: 24, columns: 80 }, noPaint)).toEqual([
    'Gateways: 1 of 3 hosts done, 0 changes, about 3s left',
    '  gw-2      0s  4/7 wait until ready: health check http://127.0.0.1:7085/status',
  ]);
});

test('before the first play it shows how many hosts have responded', () => {
  const view = viewOf([
    { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts: ['a', 'b'] },
    { type: 'host.connected', host: 'a', durationMs: 1 },
  ]);
  expect(frame(view, 0, { rows: 24, columns: 80 }, noPaint)).toEqual(['install: connecting, 1 of 2 hosts']);
});

test('is never higher or wider than the terminal', () => {
  const sizes = fc.record({ rows: fc.integer({ min: 1, max: 60 }), columns: fc.integer({ min: 1, max: 200 }) });
  const counts = fc.record({ hosts: fc.integer({ min: 1, max: 300 }), failures: fc.integer({ min: 0, max: 12 }) });
  const property = fc.property(sizes, counts, (size, { hosts, failures }) => {
    const names = Array.from({ length: hosts }, (_, n) => `gateway-with-a-long-name-${n}`);
    const failed = names
      .slice(0, failures)
      .map((host, n) => taskEnd(host, 'x', 'failed', { error: { code: `X_${n}`, message: 'm'.repeat(300) } }));
    const view = viewOf([...start(names), ...names.map((host) => begin(host, 't'.repeat(100))), ...failed]);
    const lines = frame(view, 0, size, noPaint);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(Math.max(1, size.rows - 2));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(Math.max(40, size.columns));
  });
  fc.assert(property, { numRuns: 60 });
});
