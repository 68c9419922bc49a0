import { describe, expect, test } from 'vitest';
import { adoptionOnHost } from '../../src/adopt/kept.ts';
import { keptFor, keptName } from '../../src/adopt/kept-name.ts';
import {
  type AdoptionRecord,
  adoptionPath,
  isUnderWay,
  parseAdoption,
  readAdoption,
  writeAdoption,
} from '../../src/adopt/record.ts';
import { DockerHost } from '../docker/docker-host.ts';

const POLICY = { Name: 'always', MaximumRetryCount: 0 };
const RECORD = {
  v: 1,
  run: '20261129-101530-0a1b2c',
  phase: 'stopped',
  old: {
    id: 'abc',
    name: 'eager_tesla',
    policy: POLICY,
    inspect: {
      Id: 'abc',
      Name: '/eager_tesla',
      Image: 'sha256:1',
      Config: { Image: 'a:1', Hostname: 'abc', Env: ['TOKEN=secret'], Labels: {}, WorkingDir: '/x' },
      HostConfig: { NetworkMode: 'default', RestartPolicy: POLICY, Binds: ['/a:/b'], PortBindings: {}, Ulimits: [] },
    },
    exitCode: 0,
  },
  kept: 'api7-gateway.adopted-20261129-101530-0a1b2c',
  uid: null,
  newSpec: { Image: 'a:1', Env: [], HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } },
} as unknown as AdoptionRecord;

test('what is written is read, with all fields of the inspected container, and only root may read it', async () => {
  const host = new DockerHost();
  await writeAdoption('gateway', RECORD, host);
  expect(await readAdoption('gateway', host)).toEqual(RECORD);
  expect(await host.stat(adoptionPath('gateway'))).toMatchObject({ mode: '0600', owner: 'root', group: 'root' });
  expect(isUnderWay(await readAdoption('gateway', host))).toBe(true);
  expect(isUnderWay({ ...RECORD, phase: 'done' })).toBe(false);
});

test.each([
  ['no JSON', '{'],
  ['nothing', ''],
  ['another version', JSON.stringify({ ...RECORD, v: 2 })],
  ['a phase that is none', JSON.stringify({ ...RECORD, phase: 'over' })],
  ['no container', JSON.stringify({ ...RECORD, old: { id: '' } })],
  ['a field more', JSON.stringify({ ...RECORD, more: 1 })],
  ['a list', '[]'],
])('%s is no record', (_, text) => {
  expect(parseAdoption(text)).toBeNull();
});

test('a file that is no record is an error, which shows none of it; what only shows an adoption shows it as unfinished', async () => {
  const host = new DockerHost();
  await writeAdoption('gateway', { ...RECORD, v: 2 } as never, host);
  const error = await readAdoption('gateway', host).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'ADOPTION_INVALID',
    hint: expect.stringContaining(`rm ${adoptionPath('gateway')}`),
  });
  expect(JSON.stringify(error)).not.toContain('secret');
  expect(await adoptionOnHost('gateway', 'api7-gateway', host)).toEqual({ kept: [], underWay: 'an unknown phase' });
});

describe('the name of what is kept', () => {
  test('holds the name of its container and the run', () => {
    expect(keptFor(keptName('api7-gateway', '20261129-101530-0a1b2c'))).toEqual({
      container: 'api7-gateway',
      run: '20261129-101530-0a1b2c',
    });
  });

  test.each(['api7-gateway', 'api7-gateway.adopted-', '.adopted-x', 'api7-gateway-api7-orch-new'])(
    '%s is none',
    (name) => {
      expect(keptFor(name)).toBeUndefined();
    },
  );
});
