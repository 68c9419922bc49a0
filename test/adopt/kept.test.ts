import { expect, test } from 'vitest';
import { nothingKept } from '../../src/adopt/kept.ts';
import { takeOver } from '../../src/adopt/phases/take-over.ts';
import { adoptionPath, readAdoption, writeAdoption } from '../../src/adopt/record.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { plan, settle } from '../tasks/settle.ts';
import { NAME, REPORT, SPEC } from './new-gateway.ts';

const KEPT = nothingKept({ service: 'gateway', container: NAME });

/** A host after one gateway was taken over. */
async function adopted(): Promise<DockerHost> {
  const host = new DockerHost();
  const { engine } = host;
  engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'a:1');
  await engine.create('eager_tesla', { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
  await engine.start('eager_tesla');
  const found = await engine.container('eager_tesla');
  if (found === null) throw new Error('it is there');
  await takeOver({ service: 'gateway', name: NAME, newSpec: SPEC, uid: null, stop: {} }, found, host, REPORT);
  engine.removals.length = 0;
  return host;
}

test('before the adoption is finished the old container is not removed (ADOPTION_UNDER_WAY)', async () => {
  const host = await adopted();
  await expect(plan(KEPT, host)).rejects.toMatchObject({ code: 'ADOPTION_UNDER_WAY' });
  expect(host.engine.removals).toEqual([]);
});

test('the old container and the record go; its volumes, the new container and those of others stay', async () => {
  const host = await adopted();
  const { engine } = host;
  const record = await readAdoption('gateway', host);
  if (record === null) throw new Error('it is recorded');
  await writeAdoption('gateway', { ...record, phase: 'done' }, host);
  const others = ['api7-gateway-earlier', 'api7-dashboard.adopted-20261129-101530-0a1b2c'];
  for (const name of others) await engine.create(name, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
  expect((await settle(KEPT, host)).left).toEqual([]);
  expect(engine.removals).toEqual([{ name: record.kept, keepVolumes: true }]);
  expect(engine.all.map(({ name }) => name).sort()).toEqual([...others, NAME].sort());
  expect(engine.pidOf(NAME)).toBeGreaterThan(0);
  expect(await host.stat(adoptionPath('gateway'))).toBeNull();
});
