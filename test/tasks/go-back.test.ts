import { expect, test } from 'vitest';
import type { z } from 'zod';
import type { Task } from '../../src/core/task/task.ts';
import type { containerParams } from '../../src/tasks/container/params.ts';
import { container } from '../../src/tasks/container.ts';
import { goBack } from '../../src/tasks/go-back.ts';
import { image } from '../../src/tasks/image.ts';
import { keepPrevious } from '../../src/tasks/keep-previous.ts';
import { lookAtPrevious } from '../../src/tasks/previous-states.ts';
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

test('every version that is offered before a drain can be gone back to after its record', async () => {
  /** A change of each kind: another version, or other settings of the same one. */
  const history = ['1', '1', '2', '2', '2', '3', '4', '4'];
  const begin = async (): Promise<DockerHost> => {
    const host = new DockerHost();
    for (const [round, version] of history.entries()) {
      const ref = `api7/gateway:${version}`;
      host.engine.loadArchive({ classic: `sha256:${version}`, containerd: `sha256:c${version}` }, ref);
      const from = image({ ref });
      if (round > 0) await carriedOut(host, keepPrevious({ container: NAME, serves: true }));
      await carriedOut(host, from, container({ name: NAME, image: from, env: { ROUND: String(round) } }));
    }
    return host;
  };
  const { runs, states } = await lookAtPrevious(NAME, await begin());
  const offered = [...new Set(states.map(({ version }) => version))].filter((version) => version !== runs);
  expect([runs, ...offered]).toEqual(['4', '3', '2']);
  for (const to of offered) {
    const host = await begin();
    await carriedOut(host, keepPrevious({ container: NAME, serves: true }));
    await carriedOut(host, goBack({ container: NAME, to }));
    expect(host.engine.bodyOf(NAME)?.Image).toBe(`api7/gateway:${to}`);
    // And forward again.
    await carriedOut(host, keepPrevious({ container: NAME, serves: true }));
    await carriedOut(host, goBack({ container: NAME, to: '4' }));
    expect(host.engine.bodyOf(NAME)).toMatchObject({
      Image: 'api7/gateway:4',
      Env: expect.arrayContaining(['ROUND=7']),
    });
  }
  const host = await begin();
  const refused = await runPlays(
    [host],
    onePlay(function* () {
      yield goBack({ container: NAME, to: '1' });
    }),
  );
  expect(refused.codes).toEqual(['NO_WAY_BACK']);
});
