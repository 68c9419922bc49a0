import { expect, test } from 'vitest';
import { takeOver } from '../../src/adopt/phases/take-over.ts';
import { readAdoption } from '../../src/adopt/record.ts';
import type { ContainerInspect } from '../../src/core/host/docker.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { REPORT, SPEC } from './new-gateway.ts';

async function running(policy: string): Promise<{ readonly host: DockerHost; readonly found: ContainerInspect }> {
  const host = new DockerHost();
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'a:1');
  await host.engine.create('eager_tesla', { Image: 'a:1', HostConfig: { RestartPolicy: { Name: policy } } });
  await host.engine.start('eager_tesla');
  const found = await host.engine.container('eager_tesla');
  if (found === null) throw new Error('it is there');
  return { host, found };
}

const PLAN = {
  service: 'gateway',
  name: 'api7-gateway',
  newSpec: SPEC,
  uid: null,
  stop: { stopSignal: 'SIGQUIT', stopTimeoutSeconds: 250 },
} as const;

test('each phase is recorded before its action, and the stop uses the settings of the inventory', async () => {
  const { host, found } = await running('always');
  const phases: string[] = [];
  host.engine.onWrite = (call, name) => {
    const text = host.fileText('/var/lib/api7-orch/adopt/gateway.json') ?? '{}';
    phases.push(`${JSON.parse(text).phase}: ${call} ${name === found.Id ? 'old' : name}`);
  };
  await takeOver(PLAN, found, host, REPORT);
  expect(phases).toEqual([
    'prepared: remove api7-gateway-api7-orch-new',
    'prepared: create api7-gateway-api7-orch-new',
    'policy: setRestartPolicy old',
    'stopped: stop eager_tesla',
    'renamed: rename old',
    'renamed: rename api7-gateway-api7-orch-new',
    'started: start api7-gateway',
  ]);
  expect(host.engine.stops).toEqual([{ name: 'eager_tesla', signal: 'SIGQUIT', timeoutSeconds: 250 }]);
  expect(await readAdoption('gateway', host)).toMatchObject({
    phase: 'started',
    old: { id: found.Id, name: 'eager_tesla', policy: { Name: 'always' }, exitCode: 0 },
  });
});

test('a restart policy that something sets again is an error before the stop (ADOPTION_POLICY)', async () => {
  const { host, found } = await running('always');
  const set = host.engine.setRestartPolicy.bind(host.engine);
  host.engine.setRestartPolicy = async (name) => set(name, { Name: 'always' });
  await expect(takeOver(PLAN, found, host, REPORT)).rejects.toMatchObject({ code: 'ADOPTION_POLICY' });
  expect(host.engine.stops).toEqual([]);
  expect(await readAdoption('gateway', host)).toMatchObject({ phase: 'policy', old: { policy: { Name: 'always' } } });
});

test('a container that runs again after its stop is an error (ADOPTION_POLICY)', async () => {
  const { host, found } = await running('no');
  const stop = host.engine.stop.bind(host.engine);
  host.engine.stop = async (name, options) => {
    await stop(name, options);
    await host.engine.start(name);
  };
  await expect(takeOver(PLAN, found, host, REPORT)).rejects.toMatchObject({ code: 'ADOPTION_POLICY' });
  expect((await host.engine.container(found.Id))?.State.Running).toBe(true);
});

test('a refused stop leaves the old container running', async () => {
  const { host, found } = await running('no');
  const report = { ...REPORT, aboutToStop: () => Promise.reject(new Error('drain lost')) };
  await expect(takeOver(PLAN, found, host, report)).rejects.toThrow('drain lost');
  expect(host.engine.stops).toEqual([]);
});

test('one that the operator stopped after a broken-off run is not started again by its restart policy', async () => {
  const { host, found } = await running('always');
  const report = { ...REPORT, aboutToStop: () => Promise.reject(new Error('killed')) };
  const set = host.engine.setRestartPolicy.bind(host.engine);
  host.engine.setRestartPolicy = () => Promise.reject(new Error('killed'));
  await expect(takeOver(PLAN, found, host, report)).rejects.toThrow('killed');
  host.engine.setRestartPolicy = set;
  await host.engine.stop(found.Id, { signal: 'SIGQUIT', timeoutSeconds: 10 });
  const stopped = await host.engine.container(found.Id);
  if (stopped === null) throw new Error('it is there');
  await takeOver(PLAN, stopped, host, REPORT);
  expect((await host.engine.container(found.Id))?.HostConfig.RestartPolicy.Name).toBe('no');
  expect(await readAdoption('gateway', host)).toMatchObject({ phase: 'started', old: { policy: { Name: 'always' } } });
});

test('an operator gave the name of the new container to another one meanwhile: nothing is stopped', async () => {
  const { host, found } = await running('always');
  await host.engine.create(PLAN.name, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
  await expect(takeOver(PLAN, found, host, REPORT)).rejects.toMatchObject({
    code: 'ADOPTION_REFUSED',
    hint: expect.stringContaining('docker rename api7-gateway api7-gateway-earlier'),
  });
  expect(host.engine.stops).toEqual([]);
  expect((await host.engine.container(found.Id))?.State.Running).toBe(true);
  expect(await readAdoption('gateway', host)).toBeNull();
});
