import { expect, test } from 'vitest';
import type { z } from 'zod';
import type { Task } from '../../src/core/task/task.ts';
import type { containerParams } from '../../src/tasks/container/params.ts';
import { container } from '../../src/tasks/container.ts';
import { goBack } from '../../src/tasks/go-back.ts';
import { image } from '../../src/tasks/image.ts';
import { keepPrevious } from '../../src/tasks/keep-previous.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const NAME = 'api7-gateway';
const REF = 'api7/gateway:1';

type Params = Omit<z.input<typeof containerParams>, 'name' | 'image'>;

const SETTINGS: Params = {
  env: { REGION: 'eu' },
  mounts: [{ source: '/srv/plugins', target: '/plugins' }],
  memory: 2 ** 30,
  cpus: 1.5,
  log: { maxSize: '10m', maxFile: 3 },
  labels: { team: 'edge' },
  extraHosts: { 'db.internal': '10.0.9.1' },
  dns: ['10.0.0.2'],
};

function hostWith(log = {}): DockerHost {
  const host = new DockerHost({ log: { Type: 'json-file', Config: log } });
  host.files.makeDirectory('/srv/plugins', { mode: '0755', owner: 'root', group: 'root' });
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, REF);
  return host;
}

async function carriedOut(host: DockerHost, ...tasks: readonly Task[]): Promise<readonly string[]> {
  const { codes, rows } = await runPlays(
    [host],
    onePlay(function* () {
      yield* [...tasks];
    }),
  );
  expect(codes).toEqual([]);
  return rows;
}

function made(host: DockerHost, params: Params): Promise<readonly string[]> {
  const gateway = image({ ref: REF });
  return carriedOut(host, gateway, container({ name: NAME, image: gateway, ...params }));
}

const back = (host: DockerHost) => carriedOut(host, goBack({ container: NAME }));
const settings = async (host: DockerHost) => {
  const found = await host.engine.container(NAME);
  return [found?.Config, found?.HostConfig];
};

test('a container goes back with all its settings, and is then left alone', async () => {
  const host = hostWith();
  await made(host, SETTINGS);
  const before = await settings(host);
  await carriedOut(host, keepPrevious({ container: NAME, serves: true }));
  await made(host, { memory: 2 ** 31, log: 'off' });
  expect(await settings(host)).not.toEqual(before);
  expect((await back(host)).at(-1)).toMatch(/^changed/);
  expect(await settings(host)).toEqual(before);
  expect((await back(host)).at(-1)).toMatch(/^ok/);
  expect((await made(host, SETTINGS)).at(-1)).toMatch(/^ok/);
});

test.each([
  ['none', {}],
  ['some', { 'max-size': '1m', compress: 'true' }],
])('it goes back where the daemon has got log options since, and had %s', async (_, log) => {
  const host = hostWith(log);
  await made(host, { log: 'off' });
  await carriedOut(host, keepPrevious({ container: NAME, serves: true }));
  host.engine.log = { Type: 'json-file', Config: { 'max-size': '9m', env: 'os' } };
  await made(host, { log: 'off', memory: 2 ** 30 });
  expect((await back(host)).at(-1)).toMatch(/^changed/);
  expect((await back(host)).at(-1)).toMatch(/^ok/);
});
