import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import type { Docker, LogConfig } from '../../src/core/host/docker.ts';
import { type ContainerSpec, createBody, observedSpec, sameAgain } from '../../src/docker/spec.ts';

/** An engine under test, real or fake, with an image whose processes end on SIGTERM and run a shell script. */
export interface EngineUnderTest {
  readonly docker: Docker;
  /** Reference of an existing image. */
  readonly ref: string;
  /** A name that no other test uses. */
  name(suffix: string): string;
  /** A host file that containers can mount. */
  readonly file: {
    readonly path: string;
    replace(text: string): void;
    seenBy(container: string, target: string): Promise<string | null>;
  };
  /** As by another client of the Engine. */
  pause(container: string): void;
  unpause(container: string): void;
  /** Its process has exited again and again, and waits for its next start. */
  backOff(container: string): Promise<void>;
  /** A free host port. */
  readonly port: number;
}

const code = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof OrchError ? error.code : String(error)),
  );

const SLEEP = ['sh', '-c', 'trap "exit 0" TERM QUIT; while :; do sleep 1 & wait $!; done'];

/** The behavior of a real Engine that the fake must share. */
export function engineContract(under: () => EngineUnderTest): void {
  const spec = (extra: Partial<ContainerSpec> = {}): ContainerSpec => ({
    ref: under().ref,
    env: {},
    labels: {},
    ports: {},
    mounts: {},
    restart: 'unless-stopped',
    command: SLEEP,
    ...extra,
  });
  /** Its declared log options, for the driver of the Engine. */
  const logOf = async ({ log }: ContainerSpec): Promise<LogConfig | undefined> =>
    typeof log === 'object' ? { Type: (await under().docker.info()).LoggingDriver, Config: log } : undefined;
  const clean = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) {
      await under().docker.stop(name, { signal: 'SIGTERM', timeoutSeconds: 1 });
      await under().docker.remove(name);
    }
  };

  test('a file of a container is the one that the host has now, while its process keeps the old one', async () => {
    const { docker, name, file } = under();
    const mounts = { '/etc/config.yaml': { source: file.path, readOnly: true } };
    file.replace('one\n');
    await docker.create(name('file'), createBody(spec({ mounts })));
    await docker.start(name('file'));
    const read = async (path: string) => (await docker.file(name('file'), path))?.content.toString();
    expect(await read('/etc/config.yaml')).toBe('one\n');
    // A rename over the source leaves the mount on the old file.
    file.replace('two\n');
    expect(await read('/etc/config.yaml')).toBe('two\n');
    expect(await file.seenBy(name('file'), '/etc/config.yaml')).toBe('one\n');
    expect(await read('/etc/nothing-here')).toBeUndefined();
    expect(await read('/etc')).toBeUndefined();
    expect(await docker.file(name('no-such'), '/etc/config.yaml')).toBeNull();
    await clean(name('file'));
  });

  test('the observed settings are the declared ones', async () => {
    const { docker, name, file, port } = under();
    const declared = spec({
      hostname: 'gw-1',
      env: { TZ: 'UTC', LIST: '["a=b"]', EMPTY: '', LINES: 'a\nb' },
      labels: { role: 'gateway' },
      ports: { '80/tcp': [`127.0.0.1:${port}`, `127.0.0.2:${port}`], '81/udp': [`0.0.0.0:${port}`] },
      mounts: {
        '/etc/config.yaml': { source: file.path, readOnly: true },
        '/etc/uid': { source: file.path, readOnly: false },
      },
      stopSignal: 'SIGQUIT',
      stopTimeoutSeconds: 77,
      nofile: 2048,
      networkMode: 'bridge',
      memory: 256 * 1024 * 1024,
      cpus: 0.75,
      log: { 'max-size': '7m', 'max-file': '3' },
      extraHosts: { 'db.internal': '10.0.9.1', six: 'fd00::9' },
      dns: ['10.0.0.2', '10.0.0.1'],
    });
    await docker.create(name('spec'), createBody(declared, await logOf(declared)));
    const found = await docker.container(name('spec'));
    const { command: _, ...expected } = declared;
    expect(found && observedSpec(found)).toMatchObject({
      ...expected,
      env: { ...expected.env, PATH: expect.any(String) },
    });
    expect(found?.State).toMatchObject({ Running: false, Status: 'created', Pid: 0, ExitCode: 0 });
    await clean(name('spec'));
    expect(await docker.container(name('spec'))).toBeNull();
  });

  test('start and stop work twice, and a stopped container keeps its exit code', async () => {
    const { docker, name } = under();
    await docker.create(name('twice'), createBody(spec()));
    await docker.start(name('twice'));
    await docker.start(name('twice'));
    const running = await docker.container(name('twice'));
    expect(running?.State).toMatchObject({ Running: true, Status: 'running' });
    expect(running?.State.Pid).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await docker.stop(name('twice'), { signal: 'SIGTERM', timeoutSeconds: 10 });
    await docker.stop(name('twice'), { signal: 'SIGTERM', timeoutSeconds: 10 });
    expect((await docker.container(name('twice')))?.State).toMatchObject({
      Running: false,
      Status: 'exited',
      Pid: 0,
      ExitCode: 0,
    });
    await clean(name('twice'));
    await docker.remove(name('twice'));
  });

  test("a signal that is not the container's own ends it too, and its policy does not restart it", async () => {
    const { docker, name } = under();
    await docker.create(name('quit'), createBody(spec({ stopSignal: 'SIGUSR1' })));
    await docker.start(name('quit'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await docker.stop(name('quit'), { signal: 'SIGQUIT', timeoutSeconds: 10 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await docker.container(name('quit')))?.State).toMatchObject({ Running: false, ExitCode: 0 });
    await clean(name('quit'));
  });

  test('a name is taken once; a rename moves it', async () => {
    const { docker, name } = under();
    await docker.create(name('a'), createBody(spec()));
    await docker.create(name('b'), createBody(spec()));
    expect(await code(docker.create(name('a'), createBody(spec())))).toBe('DOCKER_FAILED');
    expect(await code(docker.rename(name('a'), name('b')))).toBe('DOCKER_FAILED');
    await docker.rename(name('a'), name('c'));
    expect(await docker.container(name('a'))).toBeNull();
    expect((await docker.container(name('c')))?.Name).toBe(`/${name('c')}`);
    await clean(name('b'), name('c'));
  });

  test('the restart policy of one that runs is changed', async () => {
    const { docker, name } = under();
    await docker.create(name('policy'), createBody(spec({ restart: 'always' })));
    await docker.start(name('policy'));
    await docker.setRestartPolicy(name('policy'), { Name: 'no' });
    expect((await docker.container(name('policy')))?.HostConfig.RestartPolicy.Name).toBe('no');
    await docker.setRestartPolicy(name('policy'), { Name: 'on-failure', MaximumRetryCount: 3 });
    expect((await docker.container(name('policy')))?.HostConfig.RestartPolicy).toEqual({
      Name: 'on-failure',
      MaximumRetryCount: 3,
    });
    expect((await docker.container(name('policy')))?.State.Running).toBe(true);
    expect(await code(docker.setRestartPolicy(name('absent'), { Name: 'no' }))).toBe('DOCKER_FAILED');
    await clean(name('policy'));
  });

  test('a port that is held is refused at start, not before', async () => {
    const { docker, name, port } = under();
    const ports = { '80/tcp': [`127.0.0.1:${port}`] };
    await docker.create(name('holds'), createBody(spec({ ports })));
    await docker.start(name('holds'));
    const listed = (await docker.containers()).find(({ Names }) => Names.includes(`/${name('holds')}`));
    expect(listed?.Ports).toContainEqual({ IP: '127.0.0.1', PrivatePort: 80, PublicPort: port, Type: 'tcp' });
    await docker.create(name('wants'), createBody(spec({ ports: { '80/tcp': [`0.0.0.0:${port}`] } })));
    expect(await code(docker.start(name('wants')))).toBe('PORT_TAKEN');
    expect((await docker.container(name('wants')))?.State.Running).toBe(false);
    await docker.stop(name('holds'), { signal: 'SIGTERM', timeoutSeconds: 10 });
    await docker.start(name('wants'));
    await clean(name('holds'), name('wants'));
  });

  test('a mounted file stays as at the start, until the next start', async () => {
    const { docker, name, file } = under();
    file.replace('one');
    await docker.create(
      name('sees'),
      createBody(spec({ mounts: { '/etc/config.yaml': { source: file.path, readOnly: true } } })),
    );
    await docker.start(name('sees'));
    file.replace('two');
    expect(await file.seenBy(name('sees'), '/etc/config.yaml')).toBe('one');
    await docker.stop(name('sees'), { signal: 'SIGTERM', timeoutSeconds: 1 });
    await docker.start(name('sees'));
    expect(await file.seenBy(name('sees'), '/etc/config.yaml')).toBe('two');
    await clean(name('sees'));
  });

  test('a mount without its source is refused, and makes no directory', async () => {
    const { docker, name, file } = under();
    const mounts = { '/etc/x': { source: `${file.path}-missing`, readOnly: true } };
    expect(await code(docker.create(name('nomount'), createBody(spec({ mounts }))))).toBe('MOUNT_MISSING');
    expect(await docker.container(name('nomount'))).toBeNull();
  });

  test('options of a log driver that takes none are refused, and nothing is created', async () => {
    const { docker, name } = under();
    const journald = { Type: 'syslog', Config: { 'max-size': '7m' } };
    expect(await code(docker.create(name('nolog'), createBody(spec(), journald)))).toBe('DOCKER_FAILED');
    expect(await docker.container(name('nolog'))).toBeNull();
  });

  test('a container without limits shows none', async () => {
    const { docker, name } = under();
    await docker.create(name('free'), createBody(spec()));
    const found = await docker.container(name('free'));
    expect(found && Object.keys(observedSpec(found))).not.toEqual(expect.arrayContaining(['memory']));
    expect(found && observedSpec(found)).toMatchObject({ log: {} });
    expect(found && sameAgain(found, under().ref).HostConfig).not.toHaveProperty('Memory');
    await clean(name('free'));
  });

  test('a missing image is null to ask for and an error to use', async () => {
    const { docker, name, ref } = under();
    expect(await docker.image('api7-orch/nothing:1')).toBeNull();
    expect(await code(docker.create(name('noimage'), createBody(spec({ ref: 'api7-orch/nothing:1' }))))).toBe(
      'IMAGE_MISSING',
    );
    const image = await docker.image(ref);
    expect(image?.RepoTags).toContain(ref);
    expect(image?.Id).toMatch(/^sha256:[0-9a-f]{64}$/);
    await docker.create(name('id'), createBody(spec()));
    expect((await docker.container(name('id')))?.Image).toBe(image?.Id);
    await clean(name('id'));
  });

  test('a tag gives an image a second name', async () => {
    const { docker, ref } = under();
    const image = await docker.image(ref);
    await docker.tag(image?.Id ?? '', `${ref}-again`);
    expect((await docker.image(`${ref}-again`))?.Id).toBe(image?.Id);
  });

  test('a missing container can be removed and stopped, but not started', async () => {
    const { docker, name } = under();
    await docker.remove(name('nobody'));
    await docker.stop(name('nobody'), { signal: 'SIGTERM', timeoutSeconds: 1 });
    expect(await docker.container(name('nobody'))).toBeNull();
    expect(await code(docker.start(name('nobody')))).toBe('DOCKER_FAILED');
  });

  test('a container that ends by itself is waited for; one that does not is reported', async () => {
    const { docker, name } = under();
    await docker.create(name('lasting'), createBody(spec()));
    await docker.start(name('lasting'));
    expect(await code(docker.wait(name('lasting'), 1))).toBe('TIMED_OUT');
    await docker.signal(name('lasting'), 'SIGKILL');
    expect(await docker.wait(name('lasting'), 10)).toBe(137);
    await docker.signal(name('lasting'), 'SIGKILL');
    await docker.signal(name('nobody'), 'SIGKILL');
    await clean(name('lasting'));
  });

  test("the same again: a container of api7-orch made from the Engine's data", async () => {
    const { docker, name, ref, file, port } = under();
    const declared = spec({
      hostname: 'gw-1',
      env: { TZ: 'UTC' },
      labels: { role: 'gateway' },
      ports: { '80/tcp': [`127.0.0.1:${port}`] },
      mounts: { '/etc/config.yaml': { source: file.path, readOnly: true } },
      stopSignal: 'SIGQUIT',
      stopTimeoutSeconds: 77,
      nofile: 2048,
      memory: 256 * 1024 * 1024,
      cpus: 0.75,
      log: { 'max-size': '7m', 'max-file': '3' },
      extraHosts: { 'db.internal': '10.0.9.1' },
      dns: ['10.0.0.2'],
    });
    await docker.create(name('first'), createBody(declared, await logOf(declared)));
    const first = await docker.container(name('first'));
    if (first === null) throw new Error('it is not there');
    await docker.create(name('second'), sameAgain(first, ref));
    const second = await docker.container(name('second'));
    expect(second && observedSpec(second)).toEqual(observedSpec(first));
    expect(second?.Config).toEqual(first.Config);
    await clean(name('first'), name('second'));
  });

  test('a paused container counts as running, and is neither started nor removed', async () => {
    const { docker, name, pause, unpause } = under();
    await docker.create(name('paused'), createBody(spec({ stopSignal: 'SIGTERM' })));
    await docker.start(name('paused'));
    pause(name('paused'));
    const found = await docker.container(name('paused'));
    expect(found?.State).toMatchObject({ Running: true, Status: 'paused', ExitCode: 0 });
    expect(found?.State.Pid).toBeGreaterThan(0);
    const summaries = await docker.containers();
    expect(summaries.find(({ Names }) => Names.includes(`/${name('paused')}`))?.State).toBe('paused');
    expect(await code(docker.start(name('paused')))).toBe('DOCKER_FAILED');
    expect(await code(docker.remove(name('paused')))).toBe('DOCKER_FAILED');
    await docker.signal(name('paused'), 'SIGQUIT');
    expect((await docker.container(name('paused')))?.State.Status).toBe('paused');
    unpause(name('paused'));
    await docker.stop(name('paused'), { signal: 'SIGTERM', timeoutSeconds: 10 });
    expect((await docker.container(name('paused')))?.State).toMatchObject({ Running: false, Status: 'exited' });
    await clean(name('paused'));
  });

  test.each([
    ['stop', 'SIGTERM'],
    ['signal', 'SIGTERM'],
  ] as const)('its own signal ends a paused container: by %s', async (verb, signal) => {
    const { docker, name, pause } = under();
    await docker.create(name('frozen'), createBody(spec({ stopSignal: signal })));
    await docker.start(name('frozen'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    pause(name('frozen'));
    if (verb === 'stop') await docker.stop(name('frozen'), { signal, timeoutSeconds: 10 });
    else await docker.signal(name('frozen'), signal);
    await docker.wait(name('frozen'), 10);
    expect((await docker.container(name('frozen')))?.State).toMatchObject({ Running: false, Pid: 0, ExitCode: 0 });
    await clean(name('frozen'));
  });

  test('a container in back-off counts as running, without a process, and a start works', async () => {
    const { docker, name, backOff } = under();
    await docker.create(name('loop'), createBody(spec({ restart: 'always', command: ['sh', '-c', 'exit 3'] })));
    await docker.start(name('loop'));
    await backOff(name('loop'));
    const found = await docker.container(name('loop'));
    expect(found?.State).toMatchObject({ Running: true, Status: 'restarting', Pid: 0, ExitCode: 3 });
    expect(found?.RestartCount).toBeGreaterThan(0);
    const summaries = await docker.containers();
    expect(summaries.find(({ Names }) => Names.includes(`/${name('loop')}`))).toMatchObject({
      State: 'restarting',
      Ports: [],
    });
    await docker.start(name('loop'));
    expect(await code(docker.remove(name('loop')))).toBe('DOCKER_FAILED');
    await docker.stop(name('loop'), { signal: 'SIGTERM', timeoutSeconds: 1 });
    expect((await docker.container(name('loop')))?.State).toMatchObject({ Running: false, Status: 'exited', Pid: 0 });
    await clean(name('loop'));
  });

  test('a running container is not removed', async () => {
    const { docker, name } = under();
    await docker.create(name('runs'), createBody(spec()));
    await docker.start(name('runs'));
    expect(await code(docker.remove(name('runs')))).toBe('DOCKER_FAILED');
    await clean(name('runs'));
  });
}
