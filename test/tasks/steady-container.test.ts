import { describe, expect, test } from 'vitest';
import { containerEvidence } from '../../src/tasks/container-evidence.ts';
import { steadyContainer } from '../../src/tasks/steady-container.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { seenBy } from '../support/cluster/seen-by.ts';
import { plan } from './settle.ts';

const NAME = 'api7-gateway';

/** A host with a container that was started so long ago, by a clock that is ahead of the controller's. */
async function hostWith({ agoMs = 60_000, aheadMs = 0 } = {}): Promise<DockerHost> {
  const host = new DockerHost({
    facts: { clockSkewMs: aheadMs },
    http: ({ path }) => (path === '/status' ? { status: 200, body: 'ok\n' } : null),
  });
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'a:1');
  await host.engine.create(NAME, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'always' } } });
  await host.engine.start(NAME);
  const inspect = host.engine.container.bind(host.engine);
  host.engine.container = async (name) => {
    const found = await inspect(name);
    const StartedAt = new Date(Date.now() + aheadMs - agoMs).toISOString();
    return found === null ? null : { ...found, State: { ...found.State, StartedAt } };
  };
  return host;
}

const task = steadyContainer({ container: NAME, for: '10s' });

describe('steadyContainer', () => {
  test.each([
    ['runs for longer', { agoMs: 60_000 }, []],
    ['was started just now', { agoMs: 2000 }, ['met']],
    ['runs for longer, by a clock that is ahead', { agoMs: 60_000, aheadMs: 3_600_000 }, []],
    ['was started just now, by a clock that is behind', { agoMs: 2000, aheadMs: -3_600_000 }, ['met']],
  ])('a container that %s', async (_, options, differing) => {
    expect((await plan(task, await hostWith(options))).differences.map(({ path }) => path)).toEqual(differing);
  });

  test('the age of a container is measured by its host, at any local time', async () => {
    const host = await hostWith({ agoMs: 2000 });
    const now = Date.now();
    host.clock = async () => now;
    const real = Date.now;
    // Both clocks agreed when the host was read for its facts; then the controller's was corrected.
    await host.facts();
    const inspect = host.engine.container;
    host.engine.container = async (name) => {
      Date.now = real;
      try {
        return await inspect(name);
      } finally {
        Date.now = () => real() + 600_000;
      }
    };
    try {
      expect((await plan(task, host)).differences.map(({ path }) => path)).toEqual(['met']);
    } finally {
      Date.now = real;
    }
  });

  test('a container that exits again and again is reported at once, with its log', async () => {
    const host = await hostWith();
    host.engine.program = () => ({ exitCode: 3, log: 'bad config' });
    host.engine.crash(NAME, 3, { back: true });
    const { before } = await plan(task, host);
    expect(task.bound.cannotRecover(before)).toMatchObject({ code: 'CONTAINER_EXITED', details: 'bad config' });
  });

  test('NOT_STEADY reports the container’s age and restart count', async () => {
    const host = await hostWith({ agoMs: 2000 });
    host.engine.crash(NAME, 1, { back: true });
    const { before } = await plan(task, host);
    expect(task.bound.cannotRecover(before)).toBeUndefined();
    expect(task.bound.unmet(before)).toMatchObject({
      code: 'NOT_STEADY',
      message: expect.stringMatching(/started 2(\.\d)?s ago and restarted 1 times/),
    });
  });
});

describe('containerEvidence', () => {
  const evidence = containerEvidence({
    container: NAME,
    probes: [
      { port: 7085, path: '/status' },
      { port: 7085, path: '/status/ready' },
    ],
  });
  const found = (host: DockerHost) => seenBy(evidence, host);

  test('reports how the process ended, its last lines, and the current results of the probes', async () => {
    const host = await hostWith();
    host.engine.program = () => ({ exitCode: 137, log: 'line 1\nline 2' });
    host.engine.crash(NAME, 137, { oom: true, back: true });
    expect(await found(host)).toMatchObject({
      container: NAME,
      status: 'restarting',
      exitCode: 137,
      restarts: 2,
      log: 'line 1\nline 2',
      probes: ['GET :7085/status: 200 ok', expect.stringMatching(/^GET :7085\/status\/ready: no response/)],
    });
  });

  test('reports that the kernel ended it', async () => {
    const host = await hostWith();
    host.engine.crash(NAME, 137, { oom: true });
    expect(await found(host)).toMatchObject({ exitCode: 137, oomKilled: true });
  });

  test('a missing container is a finding too, and no command runs', async () => {
    const host = new DockerHost({ http: () => null });
    expect(await found(host)).toMatchObject({ status: 'absent', log: '' });
    expect((await plan(evidence, host)).differences).toEqual([]);
  });
});
