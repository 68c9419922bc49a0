import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import type { RunEvent } from '../../src/core/event/event.ts';
import type { Locks } from '../../src/core/host/locks.ts';
import { newRunId, RUN_ID } from '../../src/runs/run-id.ts';
import { MOST_RUN_RECORDS, parseRunRecord, RUNS, type RunRecord, runRecordPath } from '../../src/runs/run-record.ts';
import { RunRecorder, type RunStart } from '../../src/runs/run-recorder.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { virtualClock } from '../support/cluster/run-fake.ts';

const RUN = '20261129-154755-4f2a9c';
const START: RunStart = {
  run: RUN,
  cluster: 'prod',
  request: { playbook: 'install', byPath: false, vars: {}, withheld: [], accepted: [] },
  program: { version: '0.1.0', playbook: 'd' },
  inventory: {},
  images: [],
};

const FREE: Locks = { take: async () => undefined, refresh: async () => false, release: async () => undefined };

function scene(resumes?: RunRecord, images?: () => readonly string[]) {
  const hosts = new Map(['lb-1', 'lb-2'].map((name) => [name, new FakeHost({ name })]));
  const host = (name: string): FakeHost => hosts.get(name) as FakeHost;
  const warnings: string[] = [];
  const recorder = new RunRecorder({
    start: START,
    by: 'ops@desk',
    clock: virtualClock(),
    resumes,
    ...(images && { images }),
    hostsFor: () => [...hosts.keys()],
    say: (message, on) => warnings.push(`${on}: ${message}`),
  });
  const get = async (name: string) => host(name);
  const locks = recorder.over(FREE);
  const begin = async (): Promise<void> => {
    await locks.take(['gw-1', 'gw-2'], { get, reconnect: get });
    recorder.follow(start);
    await locks.refresh();
  };
  const recordOn = (name: string): RunRecord =>
    parseRunRecord(host(name).fileText(runRecordPath(RUN)) ?? '', { host: name, run: RUN });
  return { host, recorder, locks, begin, recordOn, warnings };
}

const start: RunEvent = {
  type: 'run.start',
  title: 'install',
  cluster: 'prod',
  check: false,
  hosts: ['gw-1', 'gw-2'],
};
const step = (host: string): RunEvent => ({
  type: 'roll.step',
  play: 'p',
  host,
  step: 'drain',
  index: 1,
  of: 9,
  status: 'begun',
  durationMs: 0,
});
const hostEnd = (host: string): RunEvent => ({ type: 'host.end', play: 'p', host, status: 'ok', durationMs: 0 });
const end = (outcome: 'ok' | 'partial' | 'locked'): RunEvent => ({
  type: 'run.end',
  outcome,
  exitCode: 0,
  check: false,
  hosts: {},
  errors: [],
  durationMs: 0,
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test('an id sorts by time', () => {
  const [earlier, later] = [newRunId(new Date('2026-11-29T15:47:55Z')), newRunId(new Date('2026-11-29T15:47:56Z'))];
  expect(earlier).toMatch(RUN_ID);
  expect(earlier.startsWith('20261129-154755-')).toBe(true);
  expect(earlier < later).toBe(true);
});

test('costs two round trips before the first change, one for each node, two at the end; on each host that keeps it', async () => {
  const { host, recorder, begin, recordOn } = scene();
  const trips = () => [host('lb-1').trips, host('lb-2').trips];
  await begin();
  expect(trips()).toEqual([2, 2]);
  expect(recordOn('lb-1')).toMatchObject({
    rev: 1,
    nodes: { 'gw-1': 'waiting', 'gw-2': 'waiting' },
    begun: { by: 'ops@desk' },
  });
  recorder.follow(step('gw-1'));
  await settled();
  expect([recordOn('lb-2').nodes, trips()]).toEqual([{ 'gw-1': 'changing', 'gw-2': 'waiting' }, [3, 3]]);
  // The end of a node is recorded with the next write.
  recorder.follow(hostEnd('gw-1'));
  recorder.follow(step('gw-2'));
  await settled();
  expect([recordOn('lb-1').nodes, trips()]).toEqual([{ 'gw-1': 'done', 'gw-2': 'changing' }, [4, 4]]);
  recorder.follow(end('ok'));
  await recorder.close();
  expect(recordOn('lb-1')).toMatchObject({ nodes: { 'gw-1': 'done', 'gw-2': 'done' }, end: { outcome: 'ok' } });
  expect(trips()).toEqual([6, 6]);
});

test('a run without changes writes nothing; a resumed one with nothing to do reports it', async () => {
  const idle = scene();
  await idle.locks.take(['gw-1'], { get: async (name) => idle.host(name), reconnect: async (name) => idle.host(name) });
  idle.recorder.follow(start);
  idle.recorder.follow(end('ok'));
  await idle.recorder.close();
  expect([idle.host('lb-1').trips, idle.recorder.isKept]).toEqual([0, false]);

  const first = scene();
  await first.begin();
  const resumed = scene(first.recordOn('lb-1'));
  await resumed.locks.take(['gw-1'], {
    get: async (name) => resumed.host(name),
    reconnect: async (name) => resumed.host(name),
  });
  resumed.recorder.follow(start);
  resumed.recorder.follow(end('ok'));
  await resumed.recorder.close();
  expect(resumed.recordOn('lb-1')).toMatchObject({ rev: 2, end: { outcome: 'ok' }, resumed: { by: 'ops@desk' } });
});

test('a host that cannot keep the record causes one warning, and the run continues', async () => {
  const { host, recorder, begin, recordOn, warnings } = scene();
  host('lb-2').onWrite = () => {
    throw new OrchError('DISK_FULL', 'no space left');
  };
  await begin();
  recorder.follow(step('gw-1'));
  await settled();
  expect(recordOn('lb-1').nodes['gw-1']).toBe('changing');
  expect(warnings).toEqual([
    'lb-2: the record of this run could not be written: no space left; resume may not find it there',
  ]);
  expect(recorder.isKept).toBe(true);
});

test('a lost connection is made again', async () => {
  const { host, begin, recordOn, warnings } = scene();
  let isLost = false;
  host('lb-1').onWrite = (moment) => {
    if (isLost || moment === 'after') return;
    isLost = true;
    throw new OrchError('CONNECTION_LOST', 'gone', { retryable: true });
  };
  await begin();
  expect([recordOn('lb-1').run, warnings]).toEqual([RUN, []]);
});

test('a run whose lock another one has taken leaves the record alone', async () => {
  const { host, recorder, begin } = scene();
  await begin();
  const { writes } = host('lb-1');
  recorder.follow(end('locked'));
  await recorder.close();
  expect(host('lb-1').writes).toBe(writes);
});

test('the digest of an image is recorded as soon as it is read', async () => {
  let images = ['api7/gateway:1'];
  const { recorder, begin, recordOn } = scene(undefined, () => images);
  // Before the first change there is no record for it.
  recorder.imagePinned();
  await begin();
  expect(recordOn('lb-1').images).toEqual(['api7/gateway:1']);
  images = [`api7/gateway:1@sha256:${'a'.repeat(64)}`];
  recorder.imagePinned();
  await settled();
  expect(recordOn('lb-2').images).toEqual(images);
});

test('a host keeps the latest records only', async () => {
  const { host, recorder, begin } = scene();
  const { files } = host('lb-1');
  files.makeDirectory(RUNS, { mode: '0700', owner: 'root', group: 'root' });
  for (let i = 0; i < MOST_RUN_RECORDS + 5; i++)
    files.write(runRecordPath(`202601${10 + i}-000000-00000a`), Buffer.from('{}'), {
      mode: '0600',
      owner: 'root',
      group: 'root',
    });
  files.write(`${RUNS}/notes.txt`, Buffer.from('not ours'), { mode: '0600', owner: 'root', group: 'root' });
  await begin();
  recorder.follow(end('ok'));
  await recorder.close();
  const names = Object.keys(files.tree(RUNS) ?? {});
  expect(names).toHaveLength(MOST_RUN_RECORDS + 1);
  expect(names).toEqual(expect.arrayContaining([`${RUN}.json`, 'notes.txt', '20260134-000000-00000a.json']));
  expect(names).not.toContain('20260115-000000-00000a.json');
});
