import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/base/secret.ts';
import { type DialledDocker, dockerOver, withDocker } from '../../src/docker/client.ts';
import { createBody } from '../../src/docker/spec.ts';
import { configAccepted } from '../../src/tasks/config-accepted.ts';
import { container } from '../../src/tasks/container.ts';
import { file } from '../../src/tasks/file.ts';
import { idle, type Requests } from '../../src/tasks/idle.ts';
import { image } from '../../src/tasks/image.ts';
import { package_ } from '../../src/tasks/package.ts';
import { restarted } from '../../src/tasks/restarted.ts';
import { connectLocal } from '../../src/transport/local/local.ts';
import { freePort } from '../support/base/free-port.ts';
import { installed } from '../support/base/installed.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { seenBy } from '../support/cluster/seen-by.ts';
import { tarGzOf } from './archives.ts';
import { type EngineUnderTest, engineContract } from './engine-contract.ts';
import { runOn } from './run-real.ts';

const SOCKET = process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
const id = `api7-orch-test-${process.pid}`;
const ref = `${id}/busybox:1`;

const directory = temporaryDirectory('docker');
const path = join(directory, 'config.yaml');
let docker: DialledDocker;
let port: number;

/** An image of one binary, and of its libraries if it is not the static one: no registry is needed. */
function importImage(): void {
  const busybox = installed('/bin/busybox', 'busybox-static');
  const root = join(directory, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  execFileSync('cp', ['-L', busybox, join(root, 'bin/busybox')]);
  const copyLoaded = `ldd ${busybox} | grep -o '/[^ ]*' | xargs -r cp -L --parents -t ${root}`;
  execFileSync('sh', ['-c', copyLoaded], { stdio: ['ignore', 'ignore', 'pipe'] });
  execFileSync('ln', ['-sf', 'busybox', join(root, 'bin/sh')]);
  execFileSync('ln', ['-sf', 'busybox', join(root, 'bin/sleep')]);
  const tar = execFileSync('tar', ['-C', root, '-cf', '-', '.'], { maxBuffer: 64 << 20 });
  execFileSync('docker', ['import', '--change', 'ENV PATH=/bin', '-', ref], {
    input: tar,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

beforeAll(async () => {
  importImage();
  writeFileSync(path, 'zero');
  port = await freePort();
  docker = dockerOver(async () => connect(SOCKET));
});

afterAll(async () => {
  for (const { Names, Id } of await docker.containers())
    if (Names.some((name) => name.startsWith(`/${id}`))) execFileSync('docker', ['rm', '-f', Id], { stdio: 'ignore' });
  execFileSync('docker', ['rmi', '-f', ref, `${ref}-again`], { stdio: 'ignore' });
  docker.close();
});

/** The shell of a container needs a moment until its trap is set; it reports that in a file that no restart outlives. */
async function trapSet(name: string): Promise<void> {
  const pid = (await docker.container(name))?.State.Pid;
  await expect.poll(() => existsSync(`/proc/${pid}/root/dev/shm/ready`)).toBe(true);
}

const under = (): EngineUnderTest => ({
  docker,
  ref,
  name: (suffix) => `${id}-${suffix}`,
  file: {
    path,
    replace(text) {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    },
    seenBy: async (name, target) => {
      const pid = (await docker.container(name))?.State.Pid;
      return readFileSync(`/proc/${pid}/root${target}`, 'utf8');
    },
  },
  pause: (name) => void execFileSync('docker', ['pause', name], { stdio: 'ignore' }),
  unpause: (name) => void execFileSync('docker', ['unpause', name], { stdio: 'ignore' }),
  // The pause before a further start grows with each: soon it is long enough to read all of it.
  backOff: (name) =>
    expect
      .poll(
        async () => {
          const found = await docker.container(name);
          return found?.State.Status === 'restarting' && found.RestartCount >= 4;
        },
        { timeout: 20_000 },
      )
      .toBe(true),
  port,
});

describe('a real Docker Engine', () => {
  engineContract(under);

  test('reports its own data', async () => {
    expect(await docker.info()).toMatchObject({
      ServerVersion: expect.any(String),
      DockerRootDir: expect.stringMatching(/^\//),
      Driver: expect.any(String),
      LoggingDriver: expect.stringMatching(/^[a-z-]+$/),
      MemTotal: expect.any(Number),
      SecurityOptions: expect.arrayContaining([expect.stringMatching(/^name=/)]),
    });
    expect(await docker.info()).not.toHaveProperty('BuildahVersion');
  });

  const run = async (suffix: string, script: string): Promise<string> => {
    const name = `${id}-${suffix}`;
    await docker.create(name, {
      Image: ref,
      Cmd: ['sh', '-c', script],
      HostConfig: { RestartPolicy: { Name: 'no' } },
    });
    await docker.start(name);
    for (let i = 0; i < 100 && (await docker.container(name))?.State.Running; i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    return name;
  };

  test('returns the last lines of a log, both streams', async () => {
    const name = await run('logs', 'echo one; echo two; echo drei é >&2; exit 3');
    const log = await docker.logs(name, 2);
    expect(log.split('\n').filter((line) => line !== '')).toHaveLength(2);
    expect(await docker.logs(name, 10)).toContain('drei é');
    expect((await docker.container(name))?.State.ExitCode).toBe(3);
  });

  test('a process that ignores the signal is killed after its timeout', async () => {
    const name = `${id}-stubborn`;
    await docker.create(name, {
      Image: ref,
      StopSignal: 'SIGTERM',
      Cmd: ['sh', '-c', 'trap "" TERM QUIT; : >/dev/shm/ready; while :; do sleep 1; done'],
      HostConfig: { RestartPolicy: { Name: 'unless-stopped' } },
    });
    for (const signal of ['SIGTERM', 'SIGQUIT']) {
      await docker.start(name);
      await trapSet(name);
      await docker.stop(name, { signal, timeoutSeconds: 1 });
      expect((await docker.container(name))?.State).toMatchObject({ Running: false, ExitCode: 137 });
    }
  });

  test('an impossible pull is one clear error', async () => {
    await expect(docker.pull('127.0.0.1:1/nobody/nothing:1')).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      message: expect.stringContaining('127.0.0.1:1'),
    });
  });
});

describe('the task types on a real host', () => {
  const into = join(directory, 'package');
  const from = join(directory, 'package.tar.gz');
  const config = join(directory, 'app.yaml');
  const name = `${id}-app`;
  const host = async () => withDocker(await connectLocal('here', { become: 'none' }));

  beforeAll(async () => {
    const saved = execFileSync('docker', ['save', ref], { maxBuffer: 64 << 20 });
    writeFileSync(from, await tarGzOf({ VERSION: '1', 'images/busybox-1.tar.gz': gzipSync(saved) }));
    execFileSync('docker', ['rmi', '-f', ref], { stdio: 'ignore' });
  });

  const run = (text = 'one\n', script = 'trap "exit 0" QUIT; : >/dev/shm/ready; while :; do sleep 1 & wait $!; done') =>
    runOn(host, function* () {
      const pkg = package_({ from, into });
      yield pkg;
      const busybox = image({ ref, from: pkg });
      yield busybox;
      const yaml = file({ path: config, content: text });
      yield yaml;
      yield container({
        name,
        image: busybox,
        hostname: 'app-1',
        ports: [{ address: '127.0.0.1', host: port, container: 80 }],
        mounts: [{ source: config, target: '/etc/app.yaml' }],
        env: { TOKEN: Secret.of('engine-s3cret') },
        stopSignal: 'SIGQUIT',
        stopTimeoutSeconds: 20,
        nofile: 1024,
        command: ['sh', '-c', script],
        restartOn: [yaml],
      });
    });

  const here = async () => (await docker.container(name))?.State;
  const seen = async (): Promise<string> => readFileSync(`/proc/${(await here())?.Pid}/root/etc/app.yaml`, 'utf8');

  test('install, and a second run without a change', async () => {
    expect(await run()).toEqual(['changed package', 'changed image', 'changed file', 'changed container']);
    expect(await run()).toEqual(['ok package', 'ok image', 'ok file', 'ok container']);
    expect(await seen()).toBe('one\n');
    expect(readdirSync(directory).filter((entry) => entry.includes('api7-orch-new'))).toEqual([]);
  });

  test('a new configuration reaches the process by a new container', async () => {
    const before = (await docker.container(name))?.Id;
    await settled();
    expect(await run('two\n')).toEqual(['ok package', 'ok image', 'changed file', 'changed container']);
    expect(await seen()).toBe('two\n');
    expect((await docker.container(name))?.Id).not.toBe(before);
    expect(await run('two\n')).toEqual(['ok package', 'ok image', 'ok file', 'ok container']);
  });

  test('an edit in place is repaired; so are a stopped container, a lost file of the package and a lost image', async () => {
    writeFileSync(config, 'edited\n');
    await settled();
    expect(await run('two\n')).toEqual(['ok package', 'ok image', 'changed file', 'changed container']);
    await settled();
    await docker.stop(name, { signal: 'SIGQUIT', timeoutSeconds: 20 });
    const before = (await docker.container(name))?.Id;
    expect(await run('two\n')).toEqual(['ok package', 'ok image', 'ok file', 'changed container']);
    expect((await docker.container(name))?.Id).toBe(before);
    rmSync(join(into, 'VERSION'));
    expect(await run('two\n')).toEqual(['changed package', 'ok image', 'ok file', 'ok container']);
    execFileSync('docker', ['rmi', '-f', ref], { stdio: 'ignore' });
    expect(await run('two\n')).toEqual(['ok package', 'changed image', 'ok file', 'ok container']);
  });

  test('a new configuration is checked in a container of its own image, which is removed', async () => {
    const record = join(directory, 'accepted');
    const accept = (content: object) =>
      runOn(host, function* () {
        const pkg = package_({ from, into });
        yield pkg;
        const busybox = image({ ref, from: pkg });
        yield busybox;
        // It is readable for the uid of the process that checks it.
        const how = { target: '/etc/app.yaml', command: 'busybox grep good /etc/app.yaml', as: 0, record };
        yield configAccepted({ image: busybox, content, ...how });
      });
    expect(await accept({ a: 'good' })).toEqual(['ok package', 'ok image', 'changed configAccepted']);
    expect(await accept({ a: 'good' })).toEqual(['ok package', 'ok image', 'ok configAccepted']);
    expect((await accept({ a: 'bad' })).at(-1)).toMatch(/^CONFIG_REFUSED .*ended with exit code 1/);
    expect(readdirSync(directory).filter((entry) => entry.startsWith('accepted'))).toEqual(['accepted']);
    const names = (await docker.containers()).flatMap(({ Names }) => Names);
    expect(names.filter((one) => one.includes('config-check'))).toEqual([]);
  });

  test('a download behind a published port is counted in the container', async () => {
    const serve =
      'busybox mkdir /www; busybox dd if=/dev/zero of=/www/large bs=1M count=64; exec busybox httpd -f -p 80 -h /www';
    await run('two\n', serve);
    const gate = idle({ container: name, ports: [80], still: '1s' });
    const busy = async () => (await seenBy<Requests>(gate, await host())).busy;
    const ask = async (): Promise<Socket | undefined> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write('GET /large HTTP/1.0\r\n\r\n'));
        socket.once('data', () => resolve(socket.pause()));
        socket.once('error', () => resolve(undefined)).once('end', () => resolve(undefined));
      });
    let held: Socket | undefined;
    await expect.poll(async () => (held ??= await ask()), { timeout: 30_000 }).toBeDefined();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(await busy()).toBe(1);
    held?.destroy();
    await expect.poll(busy, { timeout: 10_000 }).toBe(0);
    expect(await run('two\n')).toEqual(['ok package', 'ok image', 'ok file', 'changed container']);
  });

  test('a restart keeps a container; one that must be killed is recreated, the same', async () => {
    const again = (stopTimeoutSeconds: number) =>
      runOn(host, function* () {
        yield restarted({ container: name, since: new Date().toISOString(), stopTimeoutSeconds });
      });
    await settled();
    const first = await docker.container(name);
    expect(await again(20)).toEqual(['changed restarted']);
    const second = await docker.container(name);
    expect(second).toMatchObject({ Id: first?.Id, State: { Running: true } });
    expect(second?.State.StartedAt).not.toBe(first?.State.StartedAt);
    expect(await run('two\n', 'trap "" QUIT; : >/dev/shm/ready; while :; do sleep 1; done')).toContain(
      'changed container',
    );
    await settled();
    const stubborn = await docker.container(name);
    expect(await again(2)).toEqual(['changed restarted']);
    const remade = await docker.container(name);
    expect(remade?.Id).not.toBe(stubborn?.Id);
    expect(remade?.Config).toEqual(stubborn?.Config);
    expect(remade?.HostConfig).toEqual(stubborn?.HostConfig);
    expect(await run('two\n', 'trap "" QUIT; : >/dev/shm/ready; while :; do sleep 1; done')).toEqual([
      'ok package',
      'ok image',
      'ok file',
      'ok container',
    ]);
    expect(await run('two\n')).toContain('changed container');
  });

  test('a killed container is recreated', async () => {
    const before = (await docker.container(name))?.Id;
    execFileSync('docker', ['kill', name], { stdio: 'ignore' });
    expect(await run('two\n')).toEqual(['ok package', 'ok image', 'ok file', 'changed container']);
    expect((await docker.container(name))?.Id).not.toBe(before);
  });

  test('a port in use is named', async () => {
    await settled();
    await docker.stop(name, { signal: 'SIGQUIT', timeoutSeconds: 20 });
    await docker.create(
      `${id}-thief`,
      createBody({
        ref,
        env: {},
        labels: {},
        mounts: {},
        restart: 'no',
        ports: { '80/tcp': [`0.0.0.0:${port}`] },
        command: ['sleep', '60'],
      }),
    );
    await docker.start(`${id}-thief`);
    expect((await run('two\n')).at(-1)).toMatch(new RegExp(`^PORT_TAKEN .*${port}`));
    await docker.stop(`${id}-thief`, { signal: 'SIGKILL', timeoutSeconds: 1 });
    expect(await run('two\n')).toEqual(['ok package', 'ok image', 'ok file', 'changed container']);
  });

  const settled = () => trapSet(name);
});
