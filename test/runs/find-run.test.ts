import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { findRun, openRuns } from '../../src/runs/find-run.ts';
import type { FoundRun, FoundRuns } from '../../src/runs/read-records.ts';
import type { RunRecord } from '../../src/runs/run-record.ts';

const id = (day: number): string => `202611${String(day).padStart(2, '0')}-120000-00000${day % 10}`;

function found(
  day: number,
  changes: Partial<RunRecord> & { readonly playbook?: string; readonly limit?: string } = {},
): FoundRun {
  const { playbook = 'install', limit, ...rest } = changes;
  const record: RunRecord = {
    v: 1,
    run: id(day),
    rev: 1,
    cluster: 'prod',
    begun: { by: 'ops@ci', at: '2026-11-01T12:00:00.000Z' },
    request: {
      playbook,
      byPath: false,
      ...(limit === undefined ? {} : { limit }),
      vars: {},
      withheld: [],
      accepted: [],
    },
    program: { version: '0.1.0', playbook: 'd' },
    inventory: {},
    images: [],
    order: [],
    nodes: {},
    ...rest,
  };
  return { record, hosts: ['lb-1'] };
}
const OK = { end: { outcome: 'ok', at: '2026-11-01T12:00:00.000Z' } } as const;
const PARTIAL = { end: { outcome: 'partial', at: '2026-11-01T12:00:00.000Z' } } as const;
/** Latest first, as they are read. */
const all = (...runs: readonly FoundRun[]): FoundRuns => ({ runs, bad: [], errors: [] });
const bad = (day: number) => ({ run: id(day), error: new OrchError('RUN_RECORD_INVALID', 'it is damaged') });

test.each<[string, FoundRuns, string]>([
  ['the only unfinished one', all(found(3, OK), found(2, { playbook: 'rolling-restart' })), id(2)],
  ['one that failed', all(found(3, PARTIAL)), id(3)],
  ['the latest of the same playbook and hosts', all(found(3), found(2)), id(3)],
  ['not of another cluster', all(found(3, { cluster: 'test' }), found(2)), id(2)],
  ['a damaged record from before does not matter', { ...all(found(3)), bad: [bad(2)] }, id(3)],
])('without an id: %s', (_, runs, run) => {
  expect(findRun(runs, { cluster: 'prod' }).run).toBe(run);
});

test('a run that was repeated later with success is not left over', () => {
  expect(openRuns(all(found(3, OK), found(2)), 'prod')).toEqual([]);
  expect(openRuns(all(found(3, OK), found(2, { limit: 'gw-1' })), 'prod')).toHaveLength(1);
});

test.each<[string, FoundRuns, string | undefined, string, RegExp]>([
  ['none', all(), undefined, 'RUN_NOT_FOUND', /no unfinished run of cluster prod/],
  [
    'none, and a host was not seen',
    { ...all(), errors: [{ code: 'CONNECT_REFUSED', message: '', host: 'lb-2' }] },
    undefined,
    'RUN_NOT_FOUND',
    /no unfinished run of cluster prod is recorded on the hosts that were read; not read: lb-2 \(CONNECT_REFUSED\)/,
  ],
  [
    'two',
    all(found(3, { playbook: 'stop' }), found(2)),
    undefined,
    'RESUME_AMBIGUOUS',
    /20261103.*\(run stop, by ops@ci\); 20261102/,
  ],
  ['a damaged one is later', { ...all(found(2)), bad: [bad(3)] }, undefined, 'RUN_RECORD_INVALID', /damaged/],
  ['an id that is not there', all(found(2)), '2025', 'RUN_NOT_FOUND', /no run 2025/],
  ['the beginning of two ids', all(found(3), found(2)), '202611', 'RESUME_AMBIGUOUS', /several runs/],
  ['one that ended well', all(found(2, OK)), id(2), 'RUN_FINISHED', /nothing to resume/],
  [
    'one of another cluster',
    all(found(2, { cluster: 'test' })),
    id(2),
    'RUN_RECORD_FOREIGN',
    /cluster test, not of prod/,
  ],
  ['a damaged one', { ...all(), bad: [bad(3)] }, id(3), 'RUN_RECORD_INVALID', /damaged/],
])('refused: %s', (_, runs, run, code, message) => {
  expect(() => findRun(runs, { cluster: 'prod', run })).toThrow(
    expect.objectContaining({
      code,
      message: expect.stringMatching(message),
      ...(code === 'RUN_RECORD_INVALID' ? {} : { hint: expect.any(String) }),
    }),
  );
});

test('the beginning of an id is enough, and a whole one wins', () => {
  expect(findRun(all(found(3), found(2)), { cluster: 'prod', run: '20261102' }).run).toBe(id(2));
});
