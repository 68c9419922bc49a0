import { describe, expect, test } from 'vitest';
import { giveBack } from '../../src/adopt/phases/give-back.ts';
import { takeOver } from '../../src/adopt/phases/take-over.ts';
import { type AdoptionRecord, readAdoption } from '../../src/adopt/record.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { NAME, REPORT, SPEC } from './new-gateway.ts';

const STOP = { stopSignal: 'SIGQUIT', stopTimeoutSeconds: 250 };
const BACK = { service: 'gateway', name: NAME, stop: STOP } as const;

/** A host on which one was taken over; `stubborn`: it had to be killed. */
async function takenOver({
  old = 'eager_tesla',
  stubborn = false,
} = {}): Promise<{ readonly host: DockerHost; readonly record: AdoptionRecord }> {
  const host = new DockerHost();
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'a:1');
  await host.engine.create(old, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'always' } } });
  await host.engine.start(old);
  if (stubborn) host.engine.stubborn.add(old);
  const found = await host.engine.container(old);
  if (found === null) throw new Error('it is there');
  await takeOver({ service: 'gateway', name: NAME, newSpec: SPEC, uid: null, stop: STOP }, found, host, REPORT);
  const record = await readAdoption('gateway', host);
  if (record === null) throw new Error('it is recorded');
  host.engine.removals.length = 0;
  return { host, record };
}

test('the new container goes, its volumes stay; the old one runs under its name', async () => {
  const { host, record } = await takenOver();
  const next = await host.engine.container(NAME);
  await giveBack(BACK, record, host, REPORT);
  expect(host.engine.removals.map(({ keepVolumes }) => keepVolumes)).toEqual([true]);
  expect(await host.engine.container(next?.Id ?? '')).toBeNull();
  const old = await host.engine.container('eager_tesla');
  expect([old?.Id, old?.State.Running, old?.HostConfig.RestartPolicy.Name]).toEqual([record.old.id, true, 'always']);
});

test('a container of an operator that has the name of the new one stays, running', async () => {
  const { host, record } = await takenOver();
  await host.engine.rename(NAME, 'elsewhere');
  await host.engine.create(NAME, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
  await host.engine.start(NAME);
  const theirs = await host.engine.container(NAME);
  await giveBack(BACK, record, host, REPORT);
  expect(await host.engine.container(NAME)).toEqual(theirs);
  expect(host.engine.removals).toEqual([]);
  expect((await host.engine.container('eager_tesla'))?.State.Running).toBe(true);
});

test('one that has the name of the old one is not removed for a killed one, which is created again', async () => {
  const { host, record } = await takenOver({ stubborn: true });
  await host.engine.create('eager_tesla', { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
  const theirs = await host.engine.container('eager_tesla');
  await expect(giveBack(BACK, record, host, REPORT)).rejects.toMatchObject({ code: 'DOCKER_FAILED' });
  expect(await host.engine.container('eager_tesla')).toEqual(theirs);
});

describe('a killed one is created again', () => {
  const uidFile = { source: '/opt/api7/gateway_conf/apisix.uid', target: '/usr/local/apisix/conf/apisix.uid' };

  test('with its settings and its identity, and the killed one is kept', async () => {
    const { host, record } = await takenOver({ stubborn: true });
    host.files.makeDirectory('/opt/api7/gateway_conf', { mode: '0750', owner: 'root', group: 'root' });
    host.files.write(uidFile.source, Buffer.from('an-id'), { mode: '0640', owner: 'root', group: 'root' });
    await giveBack({ ...BACK, uidFile }, record, host, REPORT);
    const again = await inspect(host, 'eager_tesla');
    expect(again).toMatchObject({ State: { Running: true }, HostConfig: { RestartPolicy: { Name: 'always' } } });
    expect(again.Id).not.toBe(record.old.id);
    expect(host.engine.bodyOf('eager_tesla')?.HostConfig.Mounts).toEqual([
      { Type: 'bind', Source: uidFile.source, Target: uidFile.target, ReadOnly: true },
    ]);
    expect(await inspect(host, record.kept)).toMatchObject({ Id: record.old.id, State: { Running: false } });
  });
});

const inspect = async (host: DockerHost, name: string) => {
  const found = await host.engine.container(name);
  if (found === null) throw new Error(`${name} is not there`);
  return found;
};

const names = (host: DockerHost): readonly string[] => host.engine.all.map(({ name }) => name).sort();

const PLAN = { service: 'gateway', name: NAME, newSpec: SPEC, uid: null, stop: STOP } as const;

test.each(['eager_tesla', NAME])(
  'one that was created again, but not started, is taken over by the next run (%s)',
  async (old) => {
    const { host, record } = await takenOver({ old, stubborn: true });
    const start = host.engine.start.bind(host.engine);
    host.engine.start = () => Promise.reject(new Error('killed'));
    await expect(giveBack(BACK, record, host, REPORT)).rejects.toThrow('killed');
    host.engine.start = start;
    const again = await inspect(host, old);
    expect(again.Id).not.toBe(record.old.id);
    await takeOver(PLAN, again, host, REPORT);
    expect(names(host)).toEqual([NAME, record.kept, `${record.kept}-2`]);
    expect(host.engine.pidOf(NAME)).toBeGreaterThan(0);
    expect(await inspect(host, `${record.kept}-2`)).toMatchObject({ Id: again.Id });
  },
);

describe('a run is killed between the creation of that container and its record', () => {
  async function halfWay(old: string): Promise<{ readonly host: DockerHost; readonly record: AdoptionRecord }> {
    const { host, record } = await takenOver({ old, stubborn: true });
    const write = host.writeFile.bind(host);
    host.writeFile = () => Promise.reject(new Error('killed'));
    await expect(giveBack(BACK, record, host, REPORT)).rejects.toThrow('killed');
    host.writeFile = write;
    host.engine.stubborn.clear();
    return { host, record };
  }

  test.each(['eager_tesla', NAME])('the way back continues with it (%s)', async (old) => {
    const { host, record } = await halfWay(old);
    const again = await inspect(host, old);
    await giveBack(BACK, record, host, REPORT);
    expect(names(host)).toEqual([record.kept, old].sort());
    expect(await inspect(host, old)).toMatchObject({ Id: again.Id, State: { Running: true } });
    expect(await readAdoption('gateway', host)).toBeNull();
  });

  test.each(['eager_tesla', NAME])('the adoption continues without it (%s)', async (old) => {
    const { host, record } = await halfWay(old);
    await takeOver(PLAN, await inspect(host, record.old.id), host, REPORT);
    expect(names(host)).toEqual([NAME, record.kept]);
    expect(host.engine.pidOf(NAME)).toBeGreaterThan(0);
  });
});
