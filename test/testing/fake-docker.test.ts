import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/core/base/data.ts';
import { FakeDocker } from '../../src/testing/fake-docker.ts';
import { engineContract } from '../docker/engine-contract.ts';

const files = new Map<string, string>();
const id = (text: string): string => `sha256:${sha256(text)}`;
const IDS = { classic: id('config'), containerd: id('manifest') };

function fake(store: 'classic' | 'containerd'): FakeDocker {
  const docker = new FakeDocker({ store, files: { read: (path) => files.get(path) ?? null }, imageEnv: ['PATH=/bin'] });
  docker.loadArchive(IDS, 'api7-orch/test:1');
  return docker;
}

describe.each(['classic', 'containerd'] as const)('the fake engine with the %s store', (store) => {
  const docker = fake(store);
  files.set('/srv/config.yaml', 'zero');
  engineContract(() => ({
    docker,
    ref: 'api7-orch/test:1',
    name: (suffix) => `t-${suffix}`,
    file: {
      path: '/srv/config.yaml',
      replace: (text) => files.set('/srv/config.yaml', text),
      seenBy: async (name, target) => docker.seenFile(docker.pidOf(name), target),
    },
    pause: (name) => docker.pause(name),
    unpause: (name) => docker.unpause(name),
    backOff: async (name) => docker.crash(name, 3, { loops: true }),
    port: 18_080,
  }));

  test('reports the image by the id of its store', async () => {
    expect((await docker.image('api7-orch/test:1'))?.Id).toBe(IDS[store]);
  });
});

describe('faults', () => {
  const body = {
    Image: 'api7-orch/test:1',
    HostConfig: {
      RestartPolicy: { Name: 'unless-stopped' },
      Mounts: [{ Type: 'bind', Source: '/srv/config.yaml', Target: '/c', ReadOnly: true }],
    },
  } as const;

  test('a file edited in place is noticed at once; a file replaced before is not', async () => {
    const docker = fake('classic');
    files.set('/srv/config.yaml', 'one');
    await docker.create('web', body);
    await docker.start('web');
    docker.editInPlace('/srv/config.yaml', 'edited');
    files.set('/srv/config.yaml', 'edited');
    expect(docker.seenFile(docker.pidOf('web'), '/c')).toBe('edited');
    files.set('/srv/config.yaml', 'renamed over');
    docker.editInPlace('/srv/config.yaml', 'edited again');
    expect(docker.seenFile(docker.pidOf('web'), '/c')).toBe('edited');
  });

  test('a process that ignores its signal is killed, a crash restarts or not', async () => {
    const docker = fake('classic');
    await docker.create('web', body);
    await docker.start('web');
    docker.crash('web', 1, { back: true });
    expect(await docker.container('web')).toMatchObject({ RestartCount: 1, State: { Running: true } });
    docker.stubborn.add('web');
    await docker.stop('web', { signal: 'SIGQUIT', timeoutSeconds: 5 });
    expect((await docker.container('web'))?.State).toMatchObject({ Running: false, ExitCode: 137 });
    await docker.start('web');
    docker.crash('web', 137, { oom: true });
    expect((await docker.container('web'))?.State).toMatchObject({ ExitCode: 137, OOMKilled: true });
    expect(docker.stops).toEqual([{ name: 'web', signal: 'SIGQUIT', timeoutSeconds: 5 }]);
  });

  test('a hook can interrupt any write', async () => {
    const docker = fake('classic');
    docker.onWrite = (call, name) => {
      throw new Error(`cut at ${call} ${name}`);
    };
    await expect(docker.create('web', body)).rejects.toThrow('cut at create web');
    expect(await docker.containers()).toEqual([]);
  });
});
