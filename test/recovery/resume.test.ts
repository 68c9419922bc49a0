import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatewayImage } from '../../src/api7/images.ts';
import { CONTAINERS, PATHS } from '../../src/api7/paths.ts';
import { type ResumeFlags, resume } from '../../src/cli/resume/resume.ts';
import { run } from '../../src/cli/run/run.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import { RUNS, type RunRecord, runRecordPath } from '../../src/runs/run-record.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { WRITES } from '../faults/engine/wire.ts';
import { everyNth, momentsOf } from '../lab/scenes/day-seed.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { due, installed } from './installed.ts';
import type { SmallCluster } from './small-cluster.ts';

// A run ends early; then it is resumed by the command line, from another working folder with its own secrets.

const env = { ...process.env };
beforeAll(() => {
  const home = temporaryDirectory('home');
  Object.assign(process.env, {
    DB_PASSWORD: 'right',
    WRONG_PASSWORD: 'wrong',
    XDG_STATE_HOME: home,
    XDG_CACHE_HOME: home,
  });
});
afterAll(() => {
  process.env = env;
});

const FLAGS: Omit<ResumeFlags, 'inventory'> = {
  forks: '20',
  extraVars: [],
  withoutLb: [],
  onHold: 'stop',
  lockWait: '0s',
  output: 'json',
};

async function resumes(cluster: SmallCluster, run?: string, flags: Partial<ResumeFlags> = {}) {
  const inventory = join(temporaryDirectory('second'), 'prod.yaml');
  writeFileSync(inventory, cluster.text);
  // A journal is named by its second and its process: here many begin in one.
  process.env.XDG_STATE_HOME = temporaryDirectory('state');
  const ended = await cluster.command((environment) => resume(run, { ...FLAGS, inventory, ...flags }, environment));
  const events = ended.printed.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return { ...ended, events, end: events.find(({ type }) => type === 'run.end') };
}

const records = (cluster: SmallCluster, host = 'lb-1'): readonly RunRecord[] =>
  Object.keys(cluster.host(host).files.tree(RUNS) ?? {})
    .toSorted()
    .map((name) => JSON.parse(cluster.host(host).fileText(`${RUNS}/${name}`) ?? 'null'));
const latest = (cluster: SmallCluster, host = 'lb-1'): RunRecord => {
  const all = records(cluster, host);
  // Within one virtual second only their write order shows it.
  return all.find(({ end }) => end?.outcome !== 'ok') ?? (all.at(-1) as RunRecord);
};

/** The common state of two runs with the same result, without ids of runs and of containers, and times. */
const world = (cluster: SmallCluster) => ({
  files: [...cluster.hosts].map(([name, { files }]) => [
    name,
    [...files.keys()]
      .filter((path) => !path.startsWith(RUNS) && path !== PATHS.gatewayLoaded)
      .toSorted()
      .map((path) => [
        path,
        files.get(path)?.mode,
        files
          .get(path)
          ?.content.toString()
          .replaceAll(/"keptAt":\s*"[^"]*"/g, ''),
      ]),
  ]),
  containers: [...cluster.hosts.values()].flatMap((host) =>
    host instanceof DockerHost
      ? Object.values(CONTAINERS).map((name) => [
          host.name,
          name,
          host.engine.bodyOf(name),
          host.engine.pidOf(name) > 0,
        ])
      : [],
  ),
  orders: [...cluster.balancers.values()].map(({ rows }) =>
    rows.map(({ backend, name, admin, weight }) => [backend, name, admin, weight]),
  ),
});

test('the record exists before the first change, readable by root only, and has the state of each node', async () => {
  const cluster = await due();
  let first: RunRecord | undefined;
  cluster.onOperation = (name, operation) => {
    if (first === undefined && WRITES.has(operation) && !name.startsWith('lb-')) first = latest(cluster);
  };
  expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  expect(first).toMatchObject({
    request: { playbook: 'install', vars: { soak: '1s' }, withheld: [] },
    begun: { by: 'ops@desk' },
  });
  expect(first?.end).toBeUndefined();
  for (const lb of ['lb-1', 'lb-2']) {
    const record = records(cluster, lb).find(({ run }) => run === first?.run);
    expect(record?.end?.outcome).toBe('ok');
    expect(new Set(Object.values(record?.nodes ?? {}))).toEqual(new Set(['done']));
    const { files } = cluster.host(lb);
    expect(files.get(runRecordPath(first?.run ?? ''))).toMatchObject({ mode: '0600', owner: 'root' });
    expect(files.get(RUNS)).toMatchObject({ mode: '0700', owner: 'root' });
  }
  expect(JSON.stringify(records(cluster))).not.toMatch(/right|a-token-of-eleven/);
});

test('a run that changes nothing leaves no record', async () => {
  const cluster = await due();
  expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  const before = records(cluster).length;
  expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  expect([records(cluster).length, cluster.writes]).toEqual([before, 0]);
});

/** The state after an uninterrupted run. */
const worlds = new Map<1 | 2, ReturnType<typeof world>>();
async function uninterrupted(lbs: 1 | 2): Promise<ReturnType<typeof world>> {
  const known = worlds.get(lbs);
  if (known !== undefined) return known;
  const cluster = await due(lbs);
  expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  await cluster.settle();
  const made = world(cluster);
  worlds.set(lbs, made);
  return made;
}

/** Ends as if nothing had happened. @returns whether a run could be resumed */
async function endsTheSame(cluster: SmallCluster, lbs: 1 | 2): Promise<boolean> {
  cluster.repair();
  await cluster.settle();
  const { exitCode, errors, end } = await resumes(cluster);
  // Before the first change there is no record: the command itself starts again.
  const isResumed = exitCode !== 2;
  if (isResumed) expect({ exitCode, errors: end?.errors }).toEqual({ exitCode: 0, errors: [] });
  else {
    expect(errors).toContain('RUN_NOT_FOUND');
    expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  }
  await cluster.settle();
  expect(cluster.leftovers()).toEqual([]);
  expect(world(cluster)).toEqual(await uninterrupted(lbs));
  return isResumed;
}

/** A run has fewer, and a kill after the last one is none. */
const MOST_EVENTS = 430;

describe.each<1 | 2>([2, 1])('with %i balancers: killed, then resumed from another working folder', (lbs) => {
  test.each(everyNth(32 / lbs, momentsOf(MOST_EVENTS, 1)))(
    'after record %i of its journal: the same state as without it',
    async (at) => {
      const cluster = await due(lbs);
      cluster.killAfterEvent = at;
      await cluster.run();
      await endsTheSame(cluster, lbs);
      expect((await resumes(cluster)).errors).toContain('RUN_NOT_FOUND');
    },
  );

  test.each([0, 1, 2, 3, 4, 5, 8, 13, 40, 90])('at half write %i: the same state as without it', async (at) => {
    const cluster = await due(lbs);
    cluster.killAt = at;
    await cluster.run();
    await endsTheSame(cluster, lbs);
  });

  test('killed again while it is resumed: it keeps its id, and ends the same', async () => {
    const cluster = await due(lbs);
    cluster.killAfterEvent = 100;
    await cluster.run();
    const { run } = latest(cluster);
    cluster.repair();
    await cluster.settle();
    cluster.killAt = 60;
    expect((await resumes(cluster, run)).exitCode).toBeUndefined();
    expect(latest(cluster)).toMatchObject({ run, begun: { by: 'ops@desk' }, resumed: { at: expect.any(String) } });
    expect(await endsTheSame(cluster, lbs)).toBe(true);
    expect(records(cluster).filter((record) => record.run === run)).toMatchObject([{ end: { outcome: 'ok' } }]);
  });

  test('the journal of a run has fewer records than are tried', async () => {
    const cluster = await due(lbs);
    cluster.killAfterEvent = MOST_EVENTS;
    expect((await cluster.run()).exitCode).toBe(0);
  });
});

async function killed(): Promise<{ readonly cluster: SmallCluster; readonly run: string }> {
  const cluster = await due();
  cluster.killAfterEvent = 100;
  await cluster.run();
  cluster.repair();
  await cluster.settle();
  return { cluster, run: latest(cluster).run };
}

test('the end of a failed run names the command that resumes it, with the options that this operator has accepted', async () => {
  const cluster = await due();
  cluster.fail({ code: 'DOCKER_FAILED', operation: 'create', host: 'cp-1', nth: 0 });
  const inventory = join(temporaryDirectory('first'), 'prod.yaml');
  writeFileSync(inventory, cluster.text);
  process.env.XDG_STATE_HOME = temporaryDirectory('state');
  const flags = {
    ...FLAGS,
    inventory,
    extraVars: ['soak=1s', 'admin_key=hunter2'],
    onFailure: 'stop',
    includeHeld: true,
  } as const;
  const loose = join(temporaryDirectory('own'), 'own.ts');
  writeFileSync(
    loose,
    `import { definePlaybook, play, z } from 'api7-orch';
     import install from '${join(import.meta.dirname, '../../playbooks/install.ts')}';
     export default definePlaybook({ ...install, name: 'own', vars: z.object({ soak: z.string() }) });`,
  );
  const ran = await cluster.command((environment) => run(loose, flags, { environment }));
  const { run: id, request } = latest(cluster);
  const end = JSON.parse(ran.printed.trimEnd().split('\n').at(-1) ?? '{}');
  expect([ran.exitCode, end.goOn]).toEqual([
    3,
    `api7-orch resume ${id} -i ${inventory} --playbook ${loose} -e 'admin_key=…' --include-held --on-hold stop --on-failure stop`,
  ]);
  expect(request).toEqual({
    playbook: 'own',
    byPath: true,
    vars: { soak: '1s' },
    withheld: ['admin_key'],
    accepted: ['--include-held', '--on-hold', 'stop', '--on-failure', 'stop'],
  });
  expect(cluster.host('lb-1').fileText(runRecordPath(id))).not.toContain('hunter2');
  cluster.repair();
  await cluster.settle();
  // Options that only this operator can set are asked for.
  await expect(resumes(cluster)).rejects.toMatchObject({
    code: 'USAGE',
    hint: expect.stringContaining('--playbook ./own.ts'),
  });
  await expect(resumes(cluster, id, { playbook: loose })).rejects.toMatchObject({
    code: 'EXTRA_VARS',
    hint: 'give them again: -e admin_key=VALUE',
  });
  const resumed = await resumes(cluster, id, { playbook: loose, extraVars: ['admin_key=hunter2'] });
  expect([resumed.exitCode, resumed.errors]).toEqual([0, '']);
});

test('a run that failed at a node is resumed: hosts that never started are done, too', async () => {
  const cluster = await due();
  cluster.fail({ code: 'DOCKER_FAILED', operation: 'create', host: 'cp-1', nth: 0 });
  expect((await cluster.run()).exitCode).toBe(3);
  const record = latest(cluster);
  expect(record).toMatchObject({
    end: { outcome: 'partial' },
    nodes: { 'cp-1': 'failed', 'gw-1': 'waiting', 'gw-2': 'waiting' },
  });
  cluster.repair();
  await cluster.settle();
  const { exitCode, errors, events, end } = await resumes(cluster, record.run.slice(0, -2));
  expect([exitCode, errors, end?.errors]).toEqual([0, '', []]);
  expect(events.find(({ type }) => type === 'note')?.message).toContain(
    `resumes run ${record.run} of ops@desk, begun ${record.begun.at}: run install -e soak=1s`,
  );
  expect(events[0]).toMatchObject({ type: 'run.start', run: record.run });
  await cluster.settle();
  expect(cluster.leftovers()).toEqual([]);
});

/** A fake engine counts its starts: a second each. */
async function afterStarts(cluster: SmallCluster): Promise<string> {
  const found = await Promise.all(['gw-1', 'gw-2'].map((name) => cluster.engine(name).container(CONTAINERS.gateway)));
  return new Date(500 + Math.max(...found.map((each) => Date.parse(each?.State.StartedAt ?? '')))).toISOString();
}

test('a rolling restart is resumed with its start time: no node is restarted twice', async () => {
  const cluster = await installed();
  const stops: string[] = [];
  cluster.onOperation = (name, operation) => {
    if (operation === 'stop') stops.push(name);
    if (operation === 'stop' && name === 'gw-2') cluster.away.add('gw-2');
  };
  const ran = await cluster.run('rolling-restart', { since: await afterStarts(cluster) });
  expect([ran.exitCode, stops]).toEqual([3, ['gw-1', 'gw-2']]);
  const { request } = latest(cluster);
  expect(request.vars.since).toEqual(expect.stringMatching(/^\d{4}-/));
  cluster.repair();
  await cluster.settle();
  cluster.onOperation = (name, operation) => void (operation === 'stop' && stops.push(name));
  const { exitCode, errors, end } = await resumes(cluster);
  expect([exitCode, errors, end?.errors]).toEqual([0, '', []]);
  expect(stops).toEqual(['gw-1', 'gw-2', 'gw-2']);
  expect(cluster.leftovers()).toEqual([]);
});

describe('other inputs than those with which the run began', () => {
  test('are refused with the differences (RESUME_DRIFT), without a change; --replan accepts them', async () => {
    const { cluster, run } = await killed();
    cluster.edit('  gateway:', '  config: { gateway: { nginx_config: { worker_processes: 2 } } }\n  gateway:');
    cluster.edit('gw-1: { address: 10.0.2.1 }', 'gw-1: { address: 10.0.2.1, zone: a }');
    const before = JSON.stringify(world(cluster));
    const refused = await resumes(cluster);
    expect(refused.exitCode).toBe(2);
    expect(refused.errors).toContain(`RESUME_DRIFT: run ${run} began with other inputs: api7.gateway, hosts.gw-1\n`);
    expect(refused.errors).toContain('--replan');
    expect(JSON.stringify(world(cluster))).toBe(before);
    const accepted = await resumes(cluster, run, { replan: true });
    expect([accepted.exitCode, accepted.errors]).toEqual([0, '']);
    expect(accepted.events.find(({ type }) => type === 'note')?.message).toContain(
      'accepted as it differs: api7.gateway, hosts.gw-1',
    );
    await cluster.settle();
    expect(cluster.leftovers()).toEqual([]);
    expect(cluster.host('gw-1').fileText('/opt/api7/gateway_conf/config.yaml') ?? '').toContain('worker_processes');
  });

  test('the version of api7-orch and the playbook are inputs, too', async () => {
    const { cluster, run } = await killed();
    for (const lb of ['lb-1', 'lb-2'])
      edit(cluster, lb, run, (record) => ({ ...record, program: { version: '0.0.9', playbook: 'other' } }));
    expect((await resumes(cluster)).errors).toMatch(
      /began with other inputs: api7-orch \(0\.0\.9, now .*\), the playbook/,
    );
  });

  test('another secret, another SSH route to a host and another folder are none', async () => {
    const { cluster } = await killed();
    cluster.edit('gw-2: { address: 10.0.2.2 }', 'gw-2: { address: 10.0.2.2, user: colleague }');
    cluster.edit('!env DB_PASSWORD', '!env DB_PASSWORD_HERE');
    process.env.DB_PASSWORD_HERE = 'right';
    expect(await resumes(cluster)).toMatchObject({ exitCode: 0, errors: '' });
  });
});

const edit = (cluster: SmallCluster, host: string, run: string, change: (record: RunRecord) => unknown): void => {
  const text = cluster.host(host).fileText(runRecordPath(run)) ?? '';
  put(cluster, host, run, JSON.stringify(change(JSON.parse(text))));
};
const put = (cluster: SmallCluster, host: string, run: string, text: string): void => {
  const ownership = { mode: '0600', owner: 'root', group: 'root' };
  cluster.host(host).files.makeDirectory(RUNS, ownership);
  cluster.host(host).files.write(runRecordPath(run), Buffer.from(text), ownership);
};

describe('a changed record on a host', () => {
  type Row = readonly [title: string, text: (record: RunRecord) => string, code: string, message: string];
  const rows: readonly Row[] = [
    ['damaged', (record) => JSON.stringify(record).slice(0, -20), 'RUN_RECORD_INVALID', 'it is damaged'],
    ['empty', () => '', 'RUN_RECORD_INVALID', 'it is damaged'],
    ['nested as deep as a stack', () => '['.repeat(500_000), 'RUN_RECORD_INVALID', 'it is damaged'],
    [
      'too large',
      (record) => JSON.stringify({ ...record, more: 'x'.repeat(1 << 20) }),
      'RUN_RECORD_INVALID',
      'it is too large',
    ],
    [
      'of another run',
      (record) => JSON.stringify({ ...record, run: '20200101-000000-abcdef' }),
      'RUN_RECORD_INVALID',
      'it is of another run',
    ],
    [
      'of a later version',
      (record) => JSON.stringify({ ...record, v: 2, news: true }),
      'RUN_RECORD_NEWER',
      'later version',
    ],
    [
      'with a path for a playbook',
      (record) => JSON.stringify({ ...record, request: { ...record.request, playbook: '/tmp/x.ts' } }),
      'RUN_RECORD_INVALID',
      'it is damaged',
    ],
    [
      'with a variable that the playbook has not',
      (record) => JSON.stringify({ ...record, request: { ...record.request, vars: { dsn: 'x' } } }),
      'RUN_RECORD_INVALID',
      'it has no variable "dsn"',
    ],
  ];
  test.each(rows)('%s: refused, no change, and the command itself still works', async (_, text, code, message) => {
    const { cluster, run } = await killed();
    const record = latest(cluster);
    for (const lb of ['lb-1', 'lb-2']) put(cluster, lb, run, text(record));
    const before = JSON.stringify(world(cluster));
    for (const id of [undefined, run]) {
      const refused = await resumes(cluster, id);
      expect(refused.exitCode).toBe(2);
      expect(refused.errors).toContain(code);
      expect(refused.errors).toContain(message);
      expect(refused.errors).toContain('hint: ');
    }
    expect(JSON.stringify(world(cluster))).toBe(before);
    expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  });

  test('a balancer with a damaged copy, or none, does not matter where another one has a good one', async () => {
    const { cluster, run } = await killed();
    put(cluster, 'lb-1', run, '{');
    expect(await resumes(cluster)).toMatchObject({ exitCode: 0, errors: '' });
  });

  test('the record does not accept what another operator has accepted', async () => {
    const { cluster, run } = await killed();
    for (const lb of ['lb-1', 'lb-2'])
      edit(cluster, lb, run, (record) => ({
        ...record,
        request: {
          ...record.request,
          vars: { batch: '100%', max_unavailable: '100%', soak: '1s' },
          accepted: ['--yes-outage', 'small'],
        },
      }));
    const { end } = await resumes(cluster, run);
    expect(end?.errors.map(({ code }: { code: string }) => code)).toContain('OUTAGE_NOT_CONFIRMED');
  });
});

describe('a tag that is moved before the run is resumed', () => {
  const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;
  const old = { classic: digestOf('1'), containerd: digestOf('2') };
  const moved = { classic: digestOf('3'), containerd: digestOf('4') };
  const ref = gatewayImage({ version: '3.10.6', registry: 'registry.internal/team', images: {} });
  const idOn = async (cluster: SmallCluster, name: string) => (await cluster.engine(name).image(ref))?.Id;
  const push = (cluster: SmallCluster, ids: typeof old): void => {
    for (const name of ['gw-1', 'gw-2']) {
      const { pullable } = cluster.engine(name);
      pullable.set(ref.replace(/:[^:/]*$/, `@${ids.containerd}`), ids);
      pullable.set(ref, ids);
    }
  };

  test.each([
    ['names the same image for the rest of the run', {}, old],
    ['is resolved again with --replan', { replan: true }, moved],
  ])('%s', async (_, flags, expected) => {
    const cluster = await due();
    push(cluster, old);
    cluster.engine('gw-2').onWrite = (call) => {
      if (call === 'pull') throw new OrchError('IMAGE_PULL_FAILED', 'the registry is away');
    };
    const inventory = join(temporaryDirectory('first'), 'prod.yaml');
    writeFileSync(inventory, cluster.text);
    process.env.XDG_STATE_HOME = temporaryDirectory('state');
    const ran = await cluster.command((environment) => run('install', { ...FLAGS, inventory }, { environment }));
    expect(ran.exitCode).not.toBe(0);
    expect(await idOn(cluster, 'gw-1')).toBe(old.classic);
    expect(latest(cluster).images).toContain(`${ref}@${old.containerd}`);
    expect(ran.printed).toContain(`image ${ref} is ${old.containerd} for all hosts of this run`);

    push(cluster, moved);
    cluster.engine('gw-2').onWrite = undefined;
    await cluster.settle();
    const { exitCode, printed } = await resumes(cluster, undefined, flags);
    expect(exitCode).toBe(0);
    expect(await idOn(cluster, 'gw-2')).toBe(expected.classic);
    expect(latest(cluster).images).toContain(`${ref}@${expected.containerd}`);
    expect(printed.includes('this run continues with')).toBe(expected === old);
  });
});
