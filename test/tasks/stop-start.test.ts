import { describe, expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { freshContainer } from '../../src/core/host/leftover-names.ts';
import type { Report } from '../../src/core/task/change.ts';
import { restarted } from '../../src/tasks/restarted.ts';
import { stopped } from '../../src/tasks/stopped.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { plan, settle } from './settle.ts';

const NAME = 'api7-gateway';
const IMAGE = { classic: 'sha256:one', containerd: 'sha256:one-manifest' };
const OURS = { 'api7-orch.spec': 'v1:1' };

/** A host on which a gateway runs since second 2 of the fake engine's time. */
async function hostWith(labels: Readonly<Record<string, string>> = OURS, skewMs = 0): Promise<DockerHost> {
  const host = new DockerHost({ facts: { clockSkewMs: skewMs } });
  host.files.makeDirectory('/opt', { mode: '0755', owner: 'root', group: 'root' });
  host.files.write('/opt/config.yaml', Buffer.from('a: 1'), { mode: '0644', owner: 'root', group: 'root' });
  host.engine.loadArchive(IMAGE, 'gateway:1');
  await host.engine.create(NAME, {
    Image: 'gateway:1',
    Hostname: 'gw-1',
    Env: ['TOKEN=abc'],
    Labels: labels,
    Cmd: ['start'],
    ExposedPorts: { '9080/tcp': {} },
    StopSignal: 'SIGQUIT',
    StopTimeout: 250,
    HostConfig: {
      NetworkMode: 'bridge',
      RestartPolicy: { Name: 'unless-stopped' },
      PortBindings: { '9080/tcp': [{ HostIp: '0.0.0.0', HostPort: '9080' }] },
      Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 1024 }],
      Mounts: [{ Type: 'bind', Source: '/opt/config.yaml', Target: '/conf/config.yaml', ReadOnly: true }],
    },
  });
  await host.engine.start(NAME);
  return host;
}

const SINCE = new Date(2500).toISOString();
const again = restarted({ container: NAME, since: SINCE, stopTimeoutSeconds: 60 });

/** The output and questions of a write, in order, together with the commands to the engine. */
function noting(host: DockerHost, refuse = false): { readonly printed: string[]; readonly report: Report } {
  const printed: string[] = [];
  host.engine.onWrite = (call, name) => printed.push(`${call} ${name}`);
  return {
    printed,
    report: {
      warn: (message) => printed.push(`warning: ${message}`),
      progress: () => undefined,
      aboutToStop: async () => {
        printed.push('last check');
        if (refuse) throw new OrchError('DRAIN_LOST', 'it is back in service');
      },
    },
  };
}

async function write(task: typeof again | ReturnType<typeof stopped>, host: DockerHost, refuse = false) {
  const { printed, report } = noting(host, refuse);
  const { before, after, differences } = await plan(task as typeof again, host);
  await (task as typeof again).bound.write({ before, after, differences }, host, undefined, report);
  return printed;
}

describe('restarted', () => {
  test('a container that was started before is stopped gently and started, and is the same one', async () => {
    const host = await hostWith();
    const before = await host.engine.container(NAME);
    expect(await write(again, host)).toEqual([
      `remove ${freshContainer(NAME)}`,
      'last check',
      `stop ${NAME}`,
      `start ${NAME}`,
    ]);
    expect(host.engine.stops).toEqual([{ name: NAME, signal: 'SIGQUIT', timeoutSeconds: 60 }]);
    expect((await host.engine.container(NAME))?.Id).toBe(before?.Id);
    expect((await plan(again, host)).differences).toEqual([]);
  });

  test('a container that was started since is left alone, by the clock of its own host', async () => {
    const behind = restarted({ container: NAME, since: new Date(1000).toISOString() });
    expect((await plan(behind, await hostWith())).differences).toEqual([]);
    // Two seconds ahead: its second 2 was second 0 here.
    expect((await plan(behind, await hostWith(OURS, 2000))).differences.map(({ path }) => path)).toEqual(['fresh']);
  });

  test('nothing is stopped when the last check refuses', async () => {
    const host = await hostWith();
    await expect(write(again, host, true)).rejects.toMatchObject({ code: 'DRAIN_LOST' });
    expect(host.engine.stops).toEqual([]);
    expect((await host.engine.container(NAME))?.State.Running).toBe(true);
  });

  test('a container that had to be killed is recreated, exactly as it was', async () => {
    const host = await hostWith();
    const before = await host.engine.container(NAME);
    host.engine.stubborn.add(NAME);
    const printed = await write(again, host);
    expect(printed.filter((line) => line.startsWith('warning'))).toEqual([
      expect.stringMatching(/had not ended 60 s after SIGQUIT and was killed/),
    ]);
    const after = await host.engine.container(NAME);
    expect(after?.Id).not.toBe(before?.Id);
    expect([after?.Config, after?.HostConfig, after?.Image]).toEqual([
      before?.Config,
      before?.HostConfig,
      before?.Image,
    ]);
    expect(after?.State.Running).toBe(true);
    expect(await host.engine.container(freshContainer(NAME))).toBeNull();
  });

  test('recreates the container from the same image id after the tag has moved', async () => {
    const host = await hostWith();
    host.engine.loadArchive({ classic: 'sha256:two', containerd: 'sha256:two-manifest' }, 'gateway:1');
    host.engine.stubborn.add(NAME);
    await write(again, host);
    expect((await host.engine.container(NAME))?.Image).toBe('sha256:one');
  });

  test('an external container cannot be recreated: it is started as it is, and that is reported', async () => {
    const host = await hostWith({});
    const id = (await host.engine.container(NAME))?.Id;
    host.engine.stubborn.add(NAME);
    const printed = await write(again, host);
    expect(printed).toContainEqual(expect.stringMatching(/warning: .* was not made by api7-orch/));
    expect((await host.engine.container(NAME))?.Id).toBe(id);
  });

  test('a container that does not run is started, without a last check', async () => {
    const host = await hostWith();
    await host.engine.stop(NAME, { signal: 'SIGQUIT', timeoutSeconds: 1 });
    expect(await write(again, host)).not.toContain('last check');
    expect((await host.engine.container(NAME))?.State.Running).toBe(true);
  });

  test('a missing container is an error', async () => {
    await expect(plan(again, new DockerHost())).rejects.toMatchObject({ code: 'CONTAINER_MISSING' });
  });

  test('interrupted while it was recreated, the next run completes it', async () => {
    for (const cut of ['create', 'remove', 'rename', 'start']) {
      const host = await hostWith();
      host.engine.stubborn.add(NAME);
      host.engine.onWrite = (call, name) => {
        if (call === cut && (cut !== 'remove' || name === NAME)) throw new Error('killed');
      };
      await expect(settle(again, host)).rejects.toThrow('killed');
      host.engine.onWrite = undefined;
      expect((await settle(again, host)).left).toEqual([]);
      expect(await host.engine.container(freshContainer(NAME))).toBeNull();
    }
  });
});

describe('stopped', () => {
  const down = stopped({ container: NAME, stopSignal: 'SIGTERM', stopTimeoutSeconds: 30 });

  test('a container is stopped gently, after a last check, and stays', async () => {
    const host = await hostWith();
    expect(await write(down, host)).toEqual(['last check', `stop ${NAME}`]);
    expect(host.engine.stops).toEqual([{ name: NAME, signal: 'SIGTERM', timeoutSeconds: 30 }]);
    expect((await plan(down, host)).differences).toEqual([]);
  });

  test('nothing is stopped when the last check refuses', async () => {
    const host = await hostWith();
    await expect(write(down, host, true)).rejects.toMatchObject({ code: 'DRAIN_LOST' });
    expect(host.engine.stops).toEqual([]);
  });

  test('a missing container is fine', async () => {
    expect((await plan(down, new DockerHost())).differences).toEqual([]);
  });
});
