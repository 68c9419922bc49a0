import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/core/task/task.ts';
import { container } from '../../src/tasks/container.ts';
import { httpReady } from '../../src/tasks/http-ready.ts';
import { image } from '../../src/tasks/image.ts';
import { restarted } from '../../src/tasks/restarted.ts';
import { started } from '../../src/tasks/started.ts';
import { steadyContainer } from '../../src/tasks/steady-container.ts';
import { stopped } from '../../src/tasks/stopped.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const NAME = 'api7-gateway';

const install = onePlay(function* () {
  const gateway = image({ ref: 'gateway:1' });
  yield gateway;
  yield container({ name: NAME, image: gateway });
});

async function installed(): Promise<DockerHost> {
  const host = new DockerHost();
  host.engine.pullable.set('gateway:1', { classic: 'sha256:1', containerd: 'sha256:x1' });
  expect((await runPlays([host], install)).codes).toEqual([]);
  return host;
}

describe('an externally paused container', () => {
  const tasks: readonly (readonly [string, () => Task])[] = [
    ['started', () => started({ container: NAME })],
    ['stopped', () => stopped({ container: NAME })],
    ['restarted', () => restarted({ container: NAME, since: new Date().toISOString() })],
    ['httpReady', () => httpReady({ port: 7085, path: '/status', container: NAME, within: '1m' })],
    ['steadyContainer', () => steadyContainer({ container: NAME, within: '1m' })],
  ];

  test.each(tasks)('is reported as such at once, and is left as it is: %s', async (_, make) => {
    const host = await installed();
    host.engine.pause(NAME);
    const play = onePlay(function* () {
      yield make();
    });
    const { codes, events } = await runPlays([host], play);
    expect(codes).toEqual(['CONTAINER_PAUSED']);
    expect(JSON.stringify(events)).toContain(`docker unpause ${NAME}`);
    expect((await host.engine.container(NAME))?.State.Status).toBe('paused');
  });

  test('fails an install, and no longer once it is unpaused', async () => {
    const host = await installed();
    host.engine.pause(NAME);
    expect((await runPlays([host], install)).codes).toEqual(['CONTAINER_PAUSED']);
    host.engine.unpause(NAME);
    expect((await runPlays([host], install)).rows).toEqual(['ok image gateway:1', `ok container ${NAME}`]);
  });
});

test.each(['dead', 'removing'] as const)('a container that is %s makes room for a new one', async (status) => {
  const host = await installed();
  host.engine.halfRemoved(NAME, status);
  expect((await runPlays([host], install)).rows).toEqual(['ok image gateway:1', `changed container ${NAME}`]);
  expect((await host.engine.container(NAME))?.State.Status).toBe('running');
  expect((await runPlays([host], install)).rows).toEqual(['ok image gateway:1', `ok container ${NAME}`]);
});
