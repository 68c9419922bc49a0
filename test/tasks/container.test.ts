import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { OrchError } from '../../src/core/base/errors.ts';
import { Secret } from '../../src/core/base/secret.ts';
import type { Task } from '../../src/core/task/task.ts';
import { specDigest } from '../../src/tasks/container/labels.ts';
import type { containerParams } from '../../src/tasks/container/params.ts';
import { container } from '../../src/tasks/container.ts';
import { file } from '../../src/tasks/file.ts';
import { image } from '../../src/tasks/image.ts';
import { package_ } from '../../src/tasks/package.ts';
import { digest, ociArchive, tarGzOf } from '../docker/archives.ts';
import { DockerHost, registerPackage } from '../docker/docker-host.ts';
import { warningsIn } from '../support/base/events.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const directory = temporaryDirectory('container');

const REF = 'api7/gateway:1';
const NEXT = 'api7/gateway:2';
/** The same image as REF. */
const MIRROR = 'mirror.example.com/gateway:1';
const CONFIG = '/opt/config.yaml';
const NAME = 'api7-gateway';

beforeAll(async () => {
  for (const [ref, name] of Object.entries(PACKAGES)) {
    const archive = await tarGzOf({
      'images/gateway.tar.gz': (await ociArchive(ref, { marker: ref === MIRROR ? REF : ref })).archive,
    });
    writeFileSync(join(directory, name), archive);
    await registerPackage(archive);
  }
});

type Params = Omit<z.input<typeof containerParams>, 'name' | 'image'>;

const PACKAGES: Readonly<Record<string, string>> = {
  [REF]: 'one.tar.gz',
  [NEXT]: 'two.tar.gz',
  [MIRROR]: 'mirror.tar.gz',
};

interface Statement {
  readonly text?: string;
  readonly ref?: string;
  readonly pulled?: boolean;
  readonly given?: boolean;
  readonly params?: Params;
}

function* tasks({
  text = 'apisix: {}\n',
  ref = REF,
  pulled = false,
  given = true,
  params = {},
}: Statement): Generator<Task> {
  const pkg = package_({ from: join(directory, PACKAGES[ref] ?? ''), into: '/opt/package' });
  if (!pulled) yield pkg;
  const gateway = image({ ref, ...(pulled ? {} : { from: pkg }) });
  yield gateway;
  const config = file({ path: CONFIG, content: text });
  yield config;
  yield container({
    name: NAME,
    image: gateway,
    hostname: 'gw-1',
    ports: [{ address: '0.0.0.0', host: 9080, container: 9080 }],
    mounts: [{ source: CONFIG, target: '/conf/config.yaml' }],
    env: { TZ: 'UTC', TOKEN: Secret.of('first-s3cret-token') },
    stopSignal: 'SIGQUIT',
    stopTimeoutSeconds: 250,
    nofile: 1024,
    restartOn: given ? [config] : [],
    ...params,
  });
}

const run = (host: DockerHost, statement: Statement = {}, check = false) =>
  runPlays(
    [host],
    onePlay(() => tasks(statement)),
    { check, diff: true },
  );

/** The container task's own end: its status and the fields that differed. */
async function outcome(
  host: DockerHost,
  statement: Statement = {},
  check = false,
): Promise<readonly [string, ...string[]]> {
  const { events, codes } = await run(host, statement, check);
  expect(codes).toEqual([]);
  const end = events.findLast((event) => event.type === 'task.end' && event.kind === 'container');
  if (end?.type !== 'task.end') throw new Error('the container task did not end');
  return [end.status, ...end.differences.map(({ path }) => path)];
}

async function installed(statement: Statement = {}, store: 'classic' | 'containerd' = 'classic'): Promise<DockerHost> {
  const host = new DockerHost({ store });
  host.files.makeDirectory('/opt', { mode: '0755', owner: 'root', group: 'root' });
  expect((await run(host, statement)).codes).toEqual([]);
  return host;
}

describe('a container of this name that another tool made', () => {
  const foreign = async (more: object, env: readonly string[] = []): Promise<DockerHost> => {
    const host = await installed();
    await host.engine.stop(NAME, { signal: 'SIGQUIT', timeoutSeconds: 1 });
    await host.engine.remove(NAME);
    const HostConfig = { RestartPolicy: { Name: 'always' }, ...more };
    await host.engine.create(NAME, { Image: REF, Env: ['TZ=UTC', ...env], HostConfig });
    await host.engine.start(NAME);
    return host;
  };

  const extras = (paths: readonly string[]): readonly string[] => paths.filter((path) => path.startsWith('extras'));

  test('loses undeclared settings, and each of them is listed, but no value of a variable', async () => {
    const more = {
      Binds: ['/srv/plugins:/plugins:ro'],
      Memory: 2 ** 31,
      CapAdd: ['NET_ADMIN'],
      Privileged: true,
      Sysctls: { 'net.core.somaxconn': '1024' },
      LogConfig: { Type: 'syslog', Config: { 'syslog-address': 'tcp://t0ken@logs' } },
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      NetworkMode: 'edge',
    };
    const host = await foreign(more, ['PASSWORD=hunter-2']);
    const { events } = await run(host, {}, true);
    expect(JSON.stringify(events)).not.toMatch(/hunter-2|t0ken/);
    const [status, ...paths] = await outcome(host, {}, true);
    expect(status).toBe('changed');
    expect(extras(paths)).toEqual(
      [
        '-e PASSWORD',
        '-v /srv/plugins:/plugins:ro',
        '--memory 2147483648',
        '--privileged',
        '--cap-add NET_ADMIN',
        '--sysctl',
        '--log-driver syslog',
        '--log-opt syslog-address',
        '--ulimit core',
        '--network edge',
      ].map((flag) => `extras.${flag}`),
    );
    expect((await outcome(host))[0]).toBe('changed');
    expect(await outcome(host)).toEqual(['ok']);
  });

  test('has no extras where an Engine only shows its defaults', async () => {
    const host = await foreign({ Memory: 0, CapAdd: null, PidsLimit: null, ShmSize: 67_108_864, PidMode: '', Dns: [] });
    expect(extras(await outcome(host, {}, true))).toEqual([]);
  });
});

const idOf = async (host: DockerHost): Promise<string | undefined> => (await host.engine.container(NAME))?.Id;
const names = async (host: DockerHost): Promise<string[]> =>
  (await host.engine.containers()).flatMap(({ Names }) => Names);

/** An external edit of a mounted file with an editor that keeps the inode. */
function edit(host: DockerHost, text: string): void {
  host.engine.editInPlace(CONFIG, text);
  host.files.write(CONFIG, Buffer.from(text), { mode: '0644', owner: 'root', group: 'root' });
}

describe.each(['classic', 'containerd'] as const)('container, on the %s store', (store) => {
  test('is created, and then left alone', async () => {
    const host = await installed({}, store);
    expect((await host.engine.container(NAME))?.State.Running).toBe(true);
    const { writes } = host;
    expect(await outcome(host)).toEqual(['ok']);
    expect(host.writes).toBe(writes);
    expect(await names(host)).toEqual([`/${NAME}`]);
  });

  test('with another image is recreated, for its id and not for its name', async () => {
    const host = await installed({}, store);
    const before = await idOf(host);
    expect(await outcome(host, { ref: NEXT }, true)).toEqual(['changed', 'image', 'ref']);
    expect(await outcome(host, { ref: NEXT })).toEqual(['changed', 'image', 'ref']);
    expect(await idOf(host)).not.toBe(before);
    expect((await host.engine.container(NAME))?.Config.Image).toBe(NEXT);
    expect(await outcome(host, { ref: NEXT })).toEqual(['ok']);
  });
});

describe('a real difference', () => {
  const moved = [{ address: '127.0.0.1', host: 9080, container: 9080 }];
  test.each<[string, Statement, string[]]>([
    [
      'its configuration',
      { text: 'apisix: {status: {}}\n' },
      [`restartOn.file:${CONFIG}`, 'mounted./conf/config.yaml'],
    ],
    ['a port', { params: { ports: moved } }, ['ports.9080/tcp', 'spec']],
    ['a variable', { params: { env: { TZ: 'CET', TOKEN: Secret.of('first-s3cret-token') } } }, ['env.TZ', 'spec']],
    [
      'a secret variable',
      { params: { env: { TZ: 'UTC', TOKEN: Secret.of('second-s3cret-token') } } },
      ['env.TOKEN', 'spec'],
    ],
    [
      'a variable that is no longer declared',
      { params: { env: { TOKEN: Secret.of('first-s3cret-token') } } },
      ['env.TZ', 'spec'],
    ],
    [
      'a new variable',
      { params: { env: { TZ: 'UTC', TOKEN: Secret.of('first-s3cret-token'), NEW: '1' } } },
      ['env.NEW', 'spec'],
    ],
    ['a mount that is gone', { params: { mounts: [] } }, ['mounts./conf/config.yaml', 'spec']],
    [
      'a mount that may be written',
      { params: { mounts: [{ source: CONFIG, target: '/conf/config.yaml', readOnly: false }] } },
      ['mounts./conf/config.yaml.readOnly', 'spec'],
    ],
    ['the stop signal', { params: { stopSignal: 'SIGTERM' } }, ['stopSignal', 'spec']],
    ['the stop time-out', { params: { stopTimeoutSeconds: 300 } }, ['stopTimeoutSeconds', 'spec']],
    ['the limit on open files', { params: { nofile: 2048 } }, ['nofile', 'spec']],
    ['the restart policy', { params: { restart: 'always' } }, ['restart', 'spec']],
    ['a label', { params: { labels: { team: 'edge' } } }, ['labels.team', 'spec']],
    ['the host name', { params: { hostname: 'gw-2' } }, ['hostname', 'spec']],
    ['the network', { params: { networkMode: 'host', ports: [] } }, ['ports.9080/tcp', 'networkMode', 'spec']],
    ['the command', { params: { command: ['sleep', '1'] } }, ['spec']],
    ['the memory', { params: { memory: 2 ** 30 } }, ['memory', 'spec']],
    ['the processors', { params: { cpus: 1.5 } }, ['cpus', 'spec']],
    ['its log', { params: { log: { maxSize: '10m', maxFile: 3 } } }, ['log.max-size', 'log.max-file', 'spec']],
    ['its log, left to the Engine', { params: { log: 'off' } }, ['spec']],
    ['a host', { params: { extraHosts: { db: '10.0.0.9' } } }, ['extraHosts', 'spec']],
    ['a name server', { params: { dns: ['10.0.0.2'] } }, ['dns', 'spec']],
  ])('in %s recreates it; check shows that before', async (_, statement, fields) => {
    const host = await installed();
    const before = await idOf(host);
    const expected = ['changed', ...fields].sort();
    expect([...(await outcome(host, statement, true))].sort()).toEqual(expected);
    expect(await idOf(host)).toBe(before);
    expect([...(await outcome(host, statement))].sort()).toEqual(expected);
    expect(await idOf(host)).not.toBe(before);
    expect(await outcome(host, statement)).toEqual(['ok']);
    expect(await names(host)).toEqual([`/${NAME}`]);
  });

  test.each<[string, Params, Params]>([
    ['memory', { memory: 2 ** 30 }, { memory: 2 ** 31 }],
    ['cpus', { cpus: 1 }, { cpus: 0.75 }],
    ['log', { log: { maxSize: '10m', maxFile: 3 } }, { log: { maxSize: '10m', maxFile: 4 } }],
    ['log, off', { log: 'off' }, { log: { maxSize: '10m', maxFile: 4 } }],
    ['extraHosts', { extraHosts: { db: '10.0.0.9', six: 'fd00::9' } }, { extraHosts: { db: '10.0.0.8' } }],
    ['dns', { dns: ['10.0.0.2', '10.0.0.3'] }, { dns: ['10.0.0.3', '10.0.0.2'] }],
    ['labels', { labels: { team: 'edge' } }, { labels: { team: 'core' } }],
    ['env', { env: { A: '1' } }, { env: { A: '2' } }],
    ['mounts', { mounts: [{ source: CONFIG, target: '/a' }] }, { mounts: [{ source: CONFIG, target: '/b' }] }],
  ])('%s: created, unchanged, changed, recreated, unchanged, removed, recreated again', async (_, params, other) => {
    const host = await installed({ params });
    expect(await outcome(host, { params })).toEqual(['ok']);
    const before = await idOf(host);
    expect((await outcome(host, { params: other }))[0]).toBe('changed');
    expect(await idOf(host)).not.toBe(before);
    expect(await outcome(host, { params: other })).toEqual(['ok']);
    expect((await outcome(host))[0]).toBe('changed');
    expect(await outcome(host)).toEqual(['ok']);
  });

  test('an external change of a setting is undone', async () => {
    const params = { memory: 2 ** 30, dns: ['10.0.0.2'] };
    const host = await installed({ params });
    const body = host.engine.bodyOf(NAME);
    if (body === undefined) throw new Error('it is not there');
    await host.engine.stop(NAME, { signal: 'SIGQUIT', timeoutSeconds: 1 });
    await host.engine.remove(NAME);
    await host.engine.create(NAME, { ...body, HostConfig: { ...body.HostConfig, Memory: 2 ** 31 } });
    await host.engine.start(NAME);
    expect(await outcome(host, { params })).toEqual(['changed', 'memory']);
    expect(await outcome(host, { params })).toEqual(['ok']);
  });

  test('a field that is no longer declared is noticed by the earlier digest', async () => {
    const host = await installed({ params: { command: ['run'], labels: { team: 'edge' } } });
    expect(await outcome(host)).toEqual(['changed', 'spec']);
    expect((await host.engine.container(NAME))?.Config.Labels).not.toHaveProperty('team');
  });

  test('it is stopped with its declared signal and timeout', async () => {
    const host = await installed();
    await run(host, { text: 'changed\n' });
    expect(host.engine.stops).toEqual([{ name: NAME, signal: 'SIGQUIT', timeoutSeconds: 250 }]);
  });
});

describe('the log', () => {
  const logOf = async (host: DockerHost) => (await host.engine.container(NAME))?.HostConfig.LogConfig;
  const onDriver = (Type: string, Config = {}): DockerHost => {
    const host = new DockerHost({ log: { Type, Config } });
    host.files.makeDirectory('/opt', { mode: '0755', owner: 'root', group: 'root' });
    return host;
  };
  const stated = { params: { log: { maxSize: '10m', maxFile: 3 } } } as const;

  test.each(['json-file', 'local'])('of driver %s is rotated where nothing is declared', async (driver) => {
    const host = onDriver(driver);
    await run(host);
    expect(await logOf(host)).toEqual({ Type: driver, Config: { 'max-size': '50m', 'max-file': '5' } });
    expect(await outcome(host)).toEqual(['ok']);
    await run(host, stated);
    expect(await logOf(host)).toEqual({ Type: driver, Config: { 'max-size': '10m', 'max-file': '3' } });
  });

  test.each(['journald', 'syslog', 'none', ''])(
    'of driver "%s" gets no options; declared ones are refused',
    async (driver) => {
      const host = onDriver(driver);
      await run(host);
      expect(await logOf(host)).toEqual({ Type: driver, Config: {} });
      const before = await idOf(host);
      for (const check of [true, false]) {
        const { codes, events } = await run(host, stated, check);
        expect(codes).toEqual(['LOG_DRIVER']);
        expect(JSON.stringify(events)).toContain(`the Docker Engine is ${driver === '' ? 'unknown' : driver}`);
      }
      expect(await idOf(host)).toBe(before);
      expect((await run(onDriver(driver), stated)).codes).toEqual(['LOG_DRIVER']);
      expect((await run(host, { params: { log: 'off' } })).codes).toEqual([]);
    },
  );

  test('that is left to the Engine has the options of its daemon', async () => {
    const host = await installed({ params: { log: 'off' } });
    expect(await logOf(host)).toEqual({ Type: 'json-file', Config: {} });
  });

  test('options of the daemon are no difference', async () => {
    for (const params of [{}, { log: 'off' } as const, stated.params]) {
      const host = onDriver('json-file', { 'max-size': '1m', labels: 'team' });
      await run(host, { params });
      expect(await outcome(host, { params })).toEqual(['ok']);
    }
  });

  test('the Engine’s default is read only for a container to create', async () => {
    const host = await installed(stated);
    host.engine.info = () => Promise.reject(new Error('asked'));
    expect(await outcome(host, stated)).toEqual(['ok']);
  });

  test('of a container of an earlier release stays as it is, and is rotated once the container is replaced', async () => {
    const host = await installed({ params: { log: 'off' } });
    const body = host.engine.bodyOf(NAME);
    const earlier = await installed();
    const labels = earlier.engine.bodyOf(NAME)?.Labels;
    if (body === undefined || labels === undefined) throw new Error('it is not there');
    await host.engine.stop(NAME, { signal: 'SIGQUIT', timeoutSeconds: 1 });
    await host.engine.remove(NAME);
    await host.engine.create(NAME, { ...body, Labels: labels });
    await host.engine.start(NAME);
    expect(await logOf(host)).toEqual({ Type: 'json-file', Config: {} });
    expect(await outcome(host)).toEqual(['ok']);
    expect((await outcome(host, { ref: NEXT }))[0]).toBe('changed');
    expect(await logOf(host)).toEqual({ Type: 'json-file', Config: { 'max-size': '50m', 'max-file': '5' } });
  });
});

describe('no real difference', () => {
  test('the same settings in another order', async () => {
    const ports = [
      { address: '127.0.0.1', host: 7085, container: 7085 },
      { address: '10.0.0.1', host: 7085, container: 7085 },
    ];
    const host = await installed({ params: { ports, env: { A: '1', B: '2' } } });
    expect(await outcome(host, { params: { ports: [...ports].reverse(), env: { B: '2', A: '1' } } })).toEqual(['ok']);
  });

  test('additions of the image and the Engine', async () => {
    const host = await installed();
    const found = await host.engine.container(NAME);
    expect(found?.Config.Env).toContain('LANG=C');
    expect(found?.HostConfig.NetworkMode).toBe('default');
    expect(await outcome(host)).toEqual(['ok']);
  });

  test('a file replaced by the same text: the container keeps the old one, which is right', async () => {
    const host = await installed();
    const before = await idOf(host);
    host.files.remove(CONFIG);
    expect(await outcome(host)).toEqual(['ok']);
    expect(await idOf(host)).toBe(before);
  });

  test('the same image under another name', async () => {
    const host = await installed();
    const before = await idOf(host);
    expect(await outcome(host, { ref: MIRROR })).toEqual(['ok']);
    expect(await idOf(host)).toBe(before);
  });
});

describe('drift', () => {
  test('a mounted file that was edited in place recreates the container', async () => {
    const host = await installed();
    edit(host, 'apisix: {broken: true}\n');
    const fields = await outcome(host, {}, true);
    expect(fields).toEqual(['changed', 'mounted./conf/config.yaml']);
    expect(await outcome(host)).toEqual(fields);
    expect(host.engine.seenFile(host.engine.pidOf(NAME), '/conf/config.yaml')).toBe('apisix: {}\n');
  });

  test('a container that has an older file than the host is recreated', async () => {
    const host = await installed();
    // As after a crash between writing the file and replacing the container, with correct labels.
    host.engine.editInPlace(CONFIG, 'an older text\n');
    expect(await outcome(host)).toEqual(['changed', 'mounted./conf/config.yaml']);
  });

  test('a mounted file that no task manages may change', async () => {
    const host = await installed({ given: false });
    edit(host, 'apisix: {}\n#\n');
    const { rows } = await run(host, { given: false, text: 'apisix: {}\n#\n' });
    expect(rows.at(-1)).toBe(`ok container ${NAME}`);
  });

  test.each([
    ['ended cleanly', 0, false, 'start'],
    ['ended with an error', 1, false, 'start'],
    ['was killed', 137, false, 'replace'],
    ['ended with the machine, in a power loss', 255, false, 'replace'],
    ['ran out of memory', 137, true, 'replace'],
  ])('one that %s (code %i, out of memory: %s) is repaired: %s', async (_, exitCode, oom, how) => {
    const host = await installed();
    const before = await idOf(host);
    host.engine.crash(NAME, exitCode, { oom });
    expect(await outcome(host, {}, true)).toEqual(['changed', 'mounted', 'running']);
    expect(await outcome(host)).toEqual(['changed', 'mounted', 'running']);
    expect((await idOf(host)) === before).toBe(how === 'start');
    expect(await outcome(host)).toEqual(['ok']);
  });

  test('a removed container is created', async () => {
    const host = await installed();
    await host.engine.stop(NAME, { signal: 'SIGQUIT', timeoutSeconds: 1 });
    await host.engine.remove(NAME);
    expect((await outcome(host))[0]).toBe('changed');
    expect(await outcome(host)).toEqual(['ok']);
  });

  test('an external container of the same name is replaced', async () => {
    const host = await installed();
    const labels = (await host.engine.container(NAME))?.Config.Labels;
    expect(Object.keys(labels ?? {}).sort()).toEqual(['api7-orch.env', 'api7-orch.restart-on', 'api7-orch.spec']);
    await host.engine.stop(NAME, { signal: 'SIGQUIT', timeoutSeconds: 1 });
    await host.engine.remove(NAME);
    await host.engine.create(NAME, { Image: REF, HostConfig: { RestartPolicy: { Name: 'no' } } });
    await host.engine.start(NAME);
    expect((await outcome(host))[0]).toBe('changed');
    expect(await outcome(host)).toEqual(['ok']);
  });

  test('an interrupted replacement is cleaned up, and the good container keeps running', async () => {
    const host = await installed();
    const before = await idOf(host);
    await host.engine.create(`${NAME}-api7-orch-new`, { Image: REF, HostConfig: { RestartPolicy: { Name: 'no' } } });
    expect(await outcome(host)).toEqual(['changed', 'leftover']);
    expect(await names(host)).toEqual([`/${NAME}`]);
    expect(await idOf(host)).toBe(before);
  });
});

describe('faults', () => {
  test('cut at any write of a replacement, without cleanup, the next run ends in the same state', async () => {
    const change: Statement = { ref: NEXT, text: 'changed\n' };
    const whole = await installed();
    const start = whole.writes;
    await run(whole, change);
    const snapshot = async (host: DockerHost) => {
      const found = await host.engine.container(NAME);
      return [await names(host), found?.Config, found?.HostConfig, found?.Image, found?.State.Running, host.snapshot()];
    };
    for (let cut = start + 1; cut <= whole.writes; cut++)
      for (const moment of ['before', 'after'] as const) {
        const host = await installed();
        host.onWrite = (at, count) => {
          if (count > cut || (at === moment && count === cut)) throw new OrchError('X_CONTROLLER_KILLED', 'killed');
        };
        await run(host, change);
        host.onWrite = undefined;
        expect((await run(host, change)).codes).toEqual([]);
        expect(await snapshot(host)).toEqual(await snapshot(whole));
      }
  });

  test('a new container that the Engine refuses leaves the old one serving', async () => {
    const host = await installed();
    const before = await idOf(host);
    host.engine.onWrite = (call) => {
      if (call === 'create') throw new OrchError('DOCKER_FAILED', 'invalid mount');
    };
    expect((await run(host, { params: { hostname: 'gw-9' } })).codes).toEqual(['DOCKER_FAILED']);
    expect((await host.engine.container(NAME))?.State.Running).toBe(true);
    expect(await idOf(host)).toBe(before);
  });

  test('a taken port is named, and the next run starts the existing container', async () => {
    const host = new DockerHost();
    host.files.makeDirectory('/opt', { mode: '0755', owner: 'root', group: 'root' });
    host.engine.loadArchive({ classic: digest('c'), containerd: digest('m') }, 'other:1');
    const PortBindings = { '80/tcp': [{ HostIp: '', HostPort: '9080' }] };
    await host.engine.create('old-nginx', {
      Image: 'other:1',
      HostConfig: { RestartPolicy: { Name: 'no' }, PortBindings },
    });
    await host.engine.start('old-nginx');
    const { codes, events } = await run(host);
    expect(codes).toEqual(['PORT_TAKEN']);
    expect(JSON.stringify(events)).toContain('9080');
    const created = await idOf(host);
    await host.engine.stop('old-nginx', { signal: 'SIGTERM', timeoutSeconds: 1 });
    expect(await outcome(host)).toEqual(['changed', 'mounted', 'running']);
    expect(await idOf(host)).toBe(created);
  });

  test('a stop that ends in a kill is reported: requests were cut', async () => {
    const host = await installed();
    host.engine.stubborn.add(NAME);
    const { events } = await run(host, { text: 'changed\n' });
    const warnings = warningsIn(events);
    expect(warnings).toEqual([expect.stringMatching(/api7-gateway.*250 s.*SIGQUIT.*in-flight requests were cut/)]);
    expect(await outcome(host, { text: 'changed\n' })).toEqual(['ok']);
  });

  test('a container between two starts is not judged by missing values', async () => {
    const host = await installed();
    const found = await host.engine.container(NAME);
    host.engine.container = async (name) =>
      name === NAME && found !== null ? { ...found, State: { ...found.State, Status: 'restarting', Pid: 0 } } : null;
    expect(await outcome(host)).toEqual(['ok']);
  });
});

describe('an image that is pulled', () => {
  const ids = { classic: digest('c'), containerd: digest('m') };
  const pulled: Statement = { pulled: true };

  test('check shows the changes of apply, before the image exists', async () => {
    const host = new DockerHost();
    host.files.makeDirectory('/opt', { mode: '0755', owner: 'root', group: 'root' });
    host.engine.pullable.set(REF, ids);
    const planned = await outcome(host, pulled, true);
    expect(await outcome(host, pulled)).toEqual(planned);
    expect(await outcome(host, pulled)).toEqual(['ok']);
  });

  test('a tag that was moved on the host recreates the container', async () => {
    const host = new DockerHost();
    host.files.makeDirectory('/opt', { mode: '0755', owner: 'root', group: 'root' });
    host.engine.loadArchive(ids, REF);
    await run(host, pulled);
    host.engine.loadArchive({ classic: digest('c2'), containerd: digest('m2') }, REF);
    expect(await outcome(host, pulled)).toEqual(['changed', 'image']);
    expect(await outcome(host, pulled)).toEqual(['ok']);
  });

  test('a container with an untagged image is unknown in check mode and ok after the pull', async () => {
    const host = new DockerHost();
    host.files.makeDirectory('/opt', { mode: '0755', owner: 'root', group: 'root' });
    host.engine.loadArchive(ids, REF);
    await run(host, pulled);
    const before = await idOf(host);
    host.engine.untag(REF);
    host.engine.pullable.set(REF, ids);
    expect((await run(host, pulled, true)).rows.at(-1)).toBe(`unknown container ${NAME}`);
    expect(await outcome(host, pulled)).toEqual(['ok']);
    expect(await idOf(host)).toBe(before);
  });
});

describe('secrets', () => {
  test('neither new nor old values are shown or in labels', async () => {
    const host = await installed();
    const labels = JSON.stringify((await host.engine.container(NAME))?.Config.Labels);
    expect(labels).not.toContain('s3cret');
    const env = { TZ: 'UTC', TOKEN: Secret.of('second-s3cret-token') };
    for (const check of [true, false]) {
      const { events } = await run(host, { params: { env } }, check);
      expect(JSON.stringify(events)).not.toMatch(/s3cret|s1:/);
    }
  });

  test('a variable whose old value is no longer declared is removed without showing it', async () => {
    const host = await installed({ params: { env: { OLD: 'last-month-s3cret' } } });
    const { events } = await run(host, { params: { env: {} } });
    expect(JSON.stringify(events)).not.toContain('last-month-s3cret');
  });
});

test('the digest of a declaration is pinned: an upgrade of api7-orch must not restart a fleet', () => {
  const spec = {
    ref: 'any',
    hostname: 'gw-1',
    env: { TZ: 'UTC', TOKEN: Secret.of('pinned-token') },
    labels: {},
    ports: { '9080/tcp': ['0.0.0.0:9080'] },
    mounts: { '/c': { source: '/s', readOnly: true } },
    restart: 'unless-stopped',
    stopSignal: 'SIGQUIT',
    stopTimeoutSeconds: 250,
    nofile: 65_536,
  };
  expect(specDigest(spec)).toMatchInlineSnapshot(
    `"v1:2c13724fc7f7a7f5869aa3b119dd3532c09793a6ddfa563b59972d0d3ff57640"`,
  );
  expect(specDigest({ ...spec, ref: 'other' })).toBe(specDigest(spec));
  expect(specDigest({ ...spec, env: { TZ: 'UTC', TOKEN: 'pinned-token' } })).not.toBe(specDigest(spec));
});

test.each<[string, Params]>([
  ['a port without an address', { ports: [{ address: '', host: 1, container: 1 }] }],
  [
    'two mounts at one place',
    {
      mounts: [
        { source: '/a', target: '/c' },
        { source: '/b', target: '/c' },
      ],
    },
  ],
  ['a relative mount', { mounts: [{ source: 'a', target: '/c' }] }],
  ['a signal by number', { stopSignal: '3' }],
  ['a stop timeout that no timer can hold', { stopTimeoutSeconds: 2_147_484 }],
])('%s is refused when the task is declared', (_, params) => {
  expect(() => [...tasks({ params })]).toThrow(expect.objectContaining({ code: 'TASK_PARAMS' }));
});
