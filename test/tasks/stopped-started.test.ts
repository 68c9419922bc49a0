import { expect, test } from 'vitest';
import { started } from '../../src/tasks/started.ts';
import { stopped } from '../../src/tasks/stopped.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const NAME = 'api7-gateway';

async function hostWithContainer(running: boolean): Promise<DockerHost> {
  const host = new DockerHost();
  host.engine.pullable.set('gateway:1', { classic: 'sha256:1', containerd: 'sha256:x1' });
  await host.engine.pull('gateway:1');
  await host.engine.create(NAME, { Image: 'gateway:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
  if (running) await host.engine.start(NAME);
  return host;
}

const stop = onePlay(function* () {
  yield stopped({ container: NAME, stopSignal: 'SIGQUIT', stopTimeoutSeconds: 250 });
});
const start = onePlay(function* () {
  yield started({ container: NAME });
});
const isRunning = async (host: DockerHost) => (await host.engine.container(NAME))?.State.Running;

test('a running container is stopped, once', async () => {
  const host = await hostWithContainer(true);
  expect((await runPlays([host], stop)).rows).toEqual([`changed stopped ${NAME}`]);
  expect(await isRunning(host)).toBe(false);
  expect((await runPlays([host], stop)).rows).toEqual([`ok stopped ${NAME}`]);
});

test('a missing container counts as stopped', async () => {
  expect((await runPlays([new DockerHost()], stop)).rows).toEqual([`ok stopped ${NAME}`]);
});

test('a container of another name at its ports is not stopped, and that is an error', async () => {
  const host = await hostWithContainer(false);
  const ports = { '9080/tcp': [{ HostIp: '', HostPort: '9080' }] };
  await host.engine.create('wonderful_pike', {
    Image: 'gateway:1',
    HostConfig: { RestartPolicy: { Name: 'always' }, PortBindings: ports },
  });
  await host.engine.start('wonderful_pike');
  const both = onePlay(function* () {
    yield stopped({ container: NAME, published: [9080, 9443] });
  });
  const { events } = await runPlays([host], both);
  expect(events.flatMap((event) => (event.type === 'run.end' ? event.errors : []))).toMatchObject([
    { code: 'PORT_TAKEN', message: `container wonderful_pike serves on the ports of ${NAME}: it is not stopped` },
  ]);
  await host.engine.stop('wonderful_pike', { signal: 'SIGTERM', timeoutSeconds: 1 });
  expect((await runPlays([host], both)).codes).toEqual([]);
});

test('a stopped container is started, once', async () => {
  const host = await hostWithContainer(false);
  expect((await runPlays([host], start)).rows).toEqual([`changed started ${NAME}`]);
  expect(await isRunning(host)).toBe(true);
  expect((await runPlays([host], start)).rows).toEqual([`ok started ${NAME}`]);
});

test('a missing or killed container is refused with a hint', async () => {
  expect((await runPlays([new DockerHost()], start)).codes).toEqual(['CONTAINER_MISSING']);
  const host = await hostWithContainer(true);
  host.engine.crash(NAME, 137);
  expect((await runPlays([host], start)).codes).toEqual(['CONTAINER_KILLED']);
});
