import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type GcFlags, runsGc } from '../../../src/cli/runs/gc.ts';
import { runsList } from '../../../src/cli/runs/list.ts';
import { runsShow } from '../../../src/cli/runs/show.ts';
import { runsStop } from '../../../src/cli/runs/stop.ts';
import { OrchError } from '../../../src/core/base/errors.ts';
import { journalDirectory } from '../../../src/journal/journal.ts';
import { RUNS, type RunRecord, runRecordPath, runRecordText } from '../../../src/runs/run-record.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { LbScene } from '../lb/scene.ts';

/** It changed nothing, so no host has a record of it. */
const UNCHANGED = '20261129-080000-0000ee';
const DAY = 24 * 3_600_000;
const OLD = '20261001-080000-0000aa';
const FAILED = '20261128-090000-0000bb';
const KILLED = '20261129-100000-0000cc';

const record = (run: string, changes: Partial<RunRecord> = {}): RunRecord => ({
  v: 1,
  run,
  rev: 1,
  cluster: 'prod',
  begun: {
    by: 'ops@ci',
    at: `${run.slice(0, 4)}-${run.slice(4, 6)}-${run.slice(6, 8)}T${run.slice(9, 11)}:00:00.000Z`,
  },
  request: {
    playbook: 'install',
    byPath: false,
    vars: { soak: '5s' },
    withheld: ['key'],
    accepted: ['--include-held'],
  },
  program: { version: '0.1.0', playbook: 'd' },
  inventory: {},
  images: ['api7/gateway:3.10.5'],
  order: [['gw-1'], ['gw-2']],
  nodes: { 'gw-1': 'done', 'gw-2': 'failed' },
  ...changes,
});
const ended = (outcome: 'ok' | 'partial', at: string): Pick<RunRecord, 'end'> => ({ end: { outcome, at } });

let scene: LbScene;
let outside: LbScene['outside'];
let seen = 0;
/** The output since the last time. */
const printed = (): string => {
  const text = scene.printed.slice(seen);
  seen = scene.printed.length;
  return text;
};
const host = (name: string): FakeHost => scene.hosts[name] as FakeHost;
const put = (name: string, { run, ...rest }: RunRecord): void => {
  const { files } = host(name);
  files.makeDirectory(RUNS, { mode: '0700', owner: 'root', group: 'root' });
  files.write(runRecordPath(run), Buffer.from(runRecordText({ run, ...rest })), {
    mode: '0600',
    owner: 'root',
    group: 'root',
  });
};
const journal = (name: string, start: object, end?: object): void => {
  mkdirSync(journalDirectory(), { recursive: true });
  const lines = [
    { type: 'run.start', cluster: 'prod', check: false, hosts: [], ...start },
    ...(end === undefined ? [] : [end]),
  ];
  writeFileSync(join(journalDirectory(), `${name}.ndjson`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
};
const journals = (): readonly string[] => readdirSync(journalDirectory()).toSorted();
const flags = () => ({ inventory: scene.file, forks: '5' });

beforeEach(() => {
  scene = new LbScene({ more: { 'cp-1': new FakeHost({ name: 'cp-1' }), 'cp-2': new FakeHost({ name: 'cp-2' }) } });
  outside = scene.outside;
  seen = 0;
  for (const lb of ['lb-1', 'lb-2']) put(lb, record(OLD, ended('ok', '2026-10-01T09:00:00Z')));
  put('lb-1', record(FAILED, ended('partial', '2026-11-28T09:10:00Z')));
  put('lb-2', record(KILLED, { request: { ...record(KILLED).request, playbook: 'rolling-restart', vars: {} } }));
  journal(
    '20261001T080000Z-install-7',
    { title: 'install', run: OLD, command: 'run install --limit gw-1', time: '2026-10-01T08:00:00Z' },
    { type: 'run.end', outcome: 'ok' },
  );
  journal('20261002T080000Z-lb_drain-8', { title: 'lb drain', command: 'lb drain gw-1', time: '2026-10-02T08:00:00Z' });
  journal(
    '20261129T080000Z-install-9',
    { title: 'install', run: UNCHANGED, hosts: ['cp-1', 'gw-1'], time: '2026-11-29T08:00:00Z' },
    { type: 'run.end', outcome: 'ok' },
  );
  writeFileSync(join(journalDirectory(), 'broken.ndjson'), '{"type":');
});

test('list without an inventory: the journals of this machine; no host is connected to', async () => {
  expect(await runsList({ forks: '5' }, outside)).toBe(0);
  expect(scene.printed).toMatch(/^20261129-080000-0000ee +11-29 08:00Z +this machine +ok +2 of 2 +run install$/m);
  expect(scene.printed).toMatch(/^20261001-080000-0000aa .* ok +0 of 0 +run install --limit gw-1$/m);
  expect(scene.printed).toMatch(/^20261002T080000Z .* no end +- +lb drain gw-1$/m);
  expect(scene.connected).toEqual([]);
});

test('list with an inventory: each run once, with its state; runs that can be resumed are marked', async () => {
  await host('lb-2').lock.take({ token: 't', run: KILLED, by: 'ops@ci', verb: 'run install' }, null);
  expect(await runsList(flags(), outside)).toBe(0);
  expect(scene.printed.split('\n').map((line) => line.split(/ {2,}/).slice(0, 5))).toEqual(
    expect.arrayContaining([
      [KILLED, '11-29 10:00Z', 'ops@ci', 'running', '1 of 2, 1 failed'],
      [FAILED, '11-28 09:00Z', 'ops@ci', 'failed', '1 of 2, 1 failed'],
      [OLD, '10-01 08:00Z', 'ops@ci', 'ok', '1 of 2, 1 failed'],
    ]),
  );
  await host('lb-2').lock.release('t');
  printed();
  expect(await runsList({ ...flags(), output: 'json' }, outside)).toBe(0);
  const { runs } = JSON.parse(printed());
  expect(runs.map(({ run, state, canResume }: Record<string, unknown>) => [run, state, canResume])).toEqual([
    [KILLED, 'killed', true],
    [UNCHANGED, 'ok', false],
    [FAILED, 'partial', true],
    ['20261002T080000Z-lb_drain-8', 'open', false],
    [OLD, 'ok', false],
  ]);
});

test('a run that was resumed without a record is one run, in the state of its latest part', async () => {
  const [run, hosts] = ['20261130-090000-0000ff', ['gw-1']];
  const started = { title: 'install', run, hosts };
  journal('20261130T090000Z-install-5', { ...started, time: '2026-11-30T09:00:00Z' });
  journal(
    '20261130T091000Z-install-6',
    { ...started, time: '2026-11-30T09:10:00Z' },
    { type: 'run.end', outcome: 'ok' },
  );
  expect(await runsList(flags(), outside)).toBe(0);
  const rows = printed().split('\n');
  expect(rows.filter((row) => row.startsWith(run)).map((row) => row.split(/ {2,}/))).toEqual([
    [run, '11-30 09:00Z', 'this machine', 'ok', '1 of 1', 'run install'],
  ]);
  expect(await runsShow(run, flags(), outside)).toBe(0);
  expect(printed()).toMatch(/^journal +\/.*install-6\.ndjson\nearlier +\/.*install-5\.ndjson$/m);
});

test('list with an inventory: no run of a cluster of the same name that has other hosts', async () => {
  journal('20261130T080000Z-install-5', { title: 'install', hosts: ['db-1'], time: '2026-11-30T08:00:00Z' });
  journal('20261130T080000Z-install-6', { title: 'install', hosts: ['gw-1'], time: '2026-11-30T08:00:00Z' });
  expect(await runsList({ ...flags(), output: 'json' }, outside)).toBe(0);
  const names = JSON.parse(printed()).runs.map(({ run }: { readonly run: string }) => run);
  expect(names).toContain('20261130T080000Z-install-6');
  expect(names).not.toContain('20261130T080000Z-install-5');
});

test('list prints the latest runs and those that can be resumed; --all prints the others', async () => {
  for (let day = 10; day < 22; day += 1)
    journal(`202612${day}T080000Z-install-${day}`, { title: 'install', time: `2026-12-${day}T08:00:00Z` });
  journal('20261231T080000Z-install-40', { title: 'install', cluster: 'test', time: '2026-12-31T08:00:00Z' });
  const rows = () =>
    printed()
      .split('\n')
      .filter((line) => /^\d/.test(line));
  expect(await runsList(flags(), outside)).toBe(0);
  const latest = rows();
  expect(latest.map((line) => line.split(' ')[0])).toEqual([
    ...Array.from({ length: 10 }, (_, at) => `202612${21 - at}T080000Z`),
    KILLED,
    FAILED,
    '5',
  ]);
  expect(latest.at(-1)).toBe('5 earlier runs: add --all');
  expect(await runsList({ ...flags(), all: true }, outside)).toBe(0);
  expect(rows()).toHaveLength(17);
});

test('a host that does not respond, and a damaged record, are errors among the others (exit 3)', async () => {
  scene.dead.add('lb-2');
  host('lb-1').files.write(runRecordPath(KILLED), Buffer.from('{'), { mode: '0600', owner: 'root', group: 'root' });
  expect(await runsList(flags(), outside)).toBe(3);
  expect(scene.printed).toContain(FAILED);
  expect(scene.printed).toContain('RUN_RECORD_INVALID');
  expect(scene.printed).toContain('CONNECT_REFUSED');
});

test('a run is not called killed while its lock cannot be read, and the exit code is 3', async () => {
  const { lock } = host('lb-2');
  await lock.take({ token: 't', run: KILLED, by: 'ops@ci', verb: 'run install' }, null);
  const fault = new OrchError('READ_FAILED', 'the host did not report its lock');
  Object.assign(lock, { view: () => Promise.reject(fault) });
  expect(await runsList(flags(), outside)).toBe(3);
  expect(scene.printed).toMatch(new RegExp(`^${KILLED} .* unknown `, 'm'));
  expect(scene.printed).toContain('READ_FAILED on lb-2');
  expect(await runsShow(KILLED, flags(), outside)).toBe(0);
  expect(scene.printed).not.toContain('To resume');
});

test('show: its command without secrets, its nodes, its records, and how to resume it', async () => {
  expect(await runsShow('20261128', flags(), outside)).toBe(0);
  expect(scene.printed).toMatch(/command +run install -e soak=5s -e 'key=…'$/m);
  expect(scene.printed).toMatch(/order +gw-1 \| gw-2$/m);
  expect(scene.printed).toMatch(/records on +lb-1$/m);
  expect(scene.printed).toMatch(/^ {2}gw-2 +failed$/m);
  expect(scene.printed).toContain(`To resume: api7-orch resume ${FAILED} -i ${scene.file} --include-held\n`);
  printed();
  expect(await runsShow(OLD, flags(), outside)).toBe(0);
  const old = printed();
  expect(old).toMatch(/journal +\/.*install-7\.ndjson$/m);
  expect(old).not.toContain('To resume');
  await expect(runsShow('2025', flags(), outside)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  await expect(runsShow('2026', flags(), outside)).rejects.toMatchObject({ code: 'RESUME_AMBIGUOUS' });
});

test('show: the states of nodes in the words of a run', async () => {
  const nodes = { 'gw-1': 'rolledBack', 'gw-2': 'waiting', 'gw-3': 'changing' } as const;
  put('lb-1', record('20261130-110000-0000dd', { ...ended('partial', '2026-11-30T11:10:00Z'), nodes }));
  expect(await runsShow('20261130-11', flags(), outside)).toBe(0);
  expect(printed()).toMatch(
    /^state +failed\n[\s\S]*^nodes +0 of 3 done, 1 failed\n[\s\S]*^ {2}gw-1 +rolled back\n {2}gw-2 +not started\n {2}gw-3 +change under way at the end$/m,
  );
});

test('without any run, list names where it has searched', async () => {
  scene = new LbScene();
  rmSync(journalDirectory(), { recursive: true });
  expect(await runsList({ forks: '5' }, scene.outside)).toBe(0);
  expect(scene.printed).toBe('no run is recorded on this machine; add -i INVENTORY to search its hosts too\n');
  const other = new LbScene();
  expect(await runsList({ inventory: other.file, forks: '5' }, other.outside)).toBe(3);
  expect(other.printed).toMatch(/^no run of this cluster is recorded on this machine or on the hosts that were read\n/);
});

const at = (iso: string, { clock, ...rest }: LbScene['outside']) => ({
  ...rest,
  clock: { ...clock, wall: () => Date.parse(iso) },
});
const gc = (more: Partial<GcFlags> = {}) =>
  runsGc({ ...flags(), olderThan: '30d', ...more }, at('2026-11-30T00:00:00Z', outside));

test('gc: removes older finished runs, here and on the hosts, and prints their number', async () => {
  expect(await gc()).toBe(0);
  expect(scene.printed).toBe('removed 1 journal of this machine\nremoved 2 records of 1 run on hosts\n');
  expect(journals()).toEqual([
    '20261002T080000Z-lb_drain-8.ndjson',
    '20261129T080000Z-install-9.ndjson',
    'broken.ndjson',
  ]);
  expect(Object.keys(host('lb-1').files.tree(RUNS) ?? {})).toEqual([`${FAILED}.json`]);
  expect(Object.keys(host('lb-2').files.tree(RUNS) ?? {})).toEqual([`${KILLED}.json`]);
  expect(await gc({ olderThan: '0d' })).toBe(0);
  expect(scene.printed).toContain('removed 0 records of 0 runs on hosts');
  await expect(gc({ olderThan: 'old' })).rejects.toMatchObject({
    code: 'DURATION_INVALID',
    hint: expect.stringContaining('30d'),
  });
});

test('gc: an unfinished run is removed, too, after a later one of the same kind', async () => {
  const later = record('20261129-110000-0000dd', ended('ok', '2026-11-29T11:10:00Z'));
  put('lb-1', later);
  expect(await gc({ olderThan: `${DAY / 3_600_000}h` })).toBe(0);
  expect(Object.keys(host('lb-1').files.tree(RUNS) ?? {})).toEqual([`${later.run}.json`]);
});

test('stop: asks this run, and no other; by its own lock', async () => {
  for (const [name, run] of [
    ['lb-1', FAILED],
    ['lb-2', KILLED],
  ] as const)
    await host(name).lock.take({ token: name, run, by: 'ops@ci', verb: 'run install' }, null);
  const { locks } = host('lb-2');
  scene.onTime = () => {
    if (locks.record?.stop !== undefined) locks.record = null;
  };
  const stop = (run: string) => runsStop(run, { ...flags(), reason: 'hot fix', wait: '5m' }, outside);
  // There are no gateways in this scene: they are unreachable, and the others are asked.
  expect(await stop('20261129')).toBe(3);
  expect(scene.printed).toMatch(new RegExp(`lb-2: asked ops@ci with run install, for .* \\(run ${KILLED}\\) to stop`));
  expect(host('lb-1').locks.record?.stop).toBeUndefined();
  expect(await stop('2025')).toBe(3);
  expect(scene.printed).toContain('run 2025 has no lock on the hosts that respond');
});
