import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Secret } from '../../src/core/base/secret.ts';
import type { ContainerCreate } from '../../src/core/host/docker.ts';
import { besidePath, CHECK_CONTAINER, ENDINGS } from '../../src/core/host/leftover-names.ts';
import { configAccepted } from '../../src/tasks/config-accepted.ts';
import { image } from '../../src/tasks/image.ts';
import { package_ } from '../../src/tasks/package.ts';
import { dockerArchive, tarGzOf } from '../docker/archives.ts';
import { DockerHost, registerPackage } from '../docker/docker-host.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const directory = temporaryDirectory('config');

const REF = 'api7/gateway:1';
const TARGET = '/usr/local/apisix/conf/config.yaml';
const RECORD = '/opt/api7/.config-accepted';
const STAGED = besidePath(RECORD, ENDINGS.check);

beforeAll(async () => {
  for (const name of ['one', 'two']) {
    const archive = await tarGzOf({ 'images/gateway.tar.gz': (await dockerArchive([REF], name)).archive });
    writeFileSync(join(directory, `${name}.tar.gz`), archive);
    await registerPackage(archive);
  }
});

interface Tried {
  readonly body: ContainerCreate;
  readonly config: string;
}

/** A host whose images refuse text with `port: x`. */
function scene(): { readonly host: DockerHost; readonly tried: Tried[] } {
  const host = new DockerHost();
  for (const path of ['/opt', '/opt/api7'])
    host.files.makeDirectory(path, { mode: '0755', owner: 'root', group: 'root' });
  const tried: Tried[] = [];
  host.engine.program = (body, files) => {
    const config = files.get(TARGET) ?? '';
    tried.push({ body, config });
    return config.includes('port: x')
      ? { exitCode: 1, log: 'apisix.status.port: expected int' }
      : { exitCode: 0, log: '' };
  };
  return { host, tried };
}

const run = (host: DockerHost, content: object, from = 'one', check = false, given: object = {}) =>
  runPlays(
    [host],
    onePlay(function* () {
      const pkg = package_({ from: join(directory, `${from}.tar.gz`), into: '/opt/package' });
      yield pkg;
      const gateway = image({ ref: REF, from: pkg });
      yield gateway;
      yield configAccepted({
        image: gateway,
        content,
        target: TARGET,
        command: 'apisix init',
        as: 636,
        record: RECORD,
        ...given,
      });
    }),
    { check },
  );

const GOOD = { apisix: { status: { port: 7085 } } };

test('a configuration is checked in a container without anything else, which is removed', async () => {
  const { host, tried } = scene();
  const { codes, rows } = await run(host, GOOD);
  expect(codes).toEqual([]);
  expect(rows.at(-1)).toBe(`changed ${TARGET} is accepted by ${REF}`);
  expect(tried).toHaveLength(1);
  expect(tried[0]?.config).toContain('port: 7085');
  expect(tried[0]?.body).toEqual({
    Image: REF,
    Entrypoint: ['sh'],
    Cmd: ['-c', 'apisix init'],
    HostConfig: {
      NetworkMode: 'none',
      RestartPolicy: { Name: 'no' },
      Mounts: [{ Type: 'bind', Source: STAGED, Target: TARGET, ReadOnly: true }],
    },
  });
  expect(await host.engine.containers()).toEqual([]);
  expect(host.files.has(STAGED)).toBe(false);
});

test('an accepted configuration is not checked again; another image or content is', async () => {
  const { host, tried } = scene();
  await run(host, GOOD);
  expect((await run(host, GOOD)).rows.at(-1)).toMatch(/^ok/);
  expect(tried).toHaveLength(1);
  await run(host, { apisix: { status: { port: 7086 } } });
  expect(tried).toHaveLength(2);
  await run(host, { apisix: { status: { port: 7086 } } }, 'two');
  expect(tried).toHaveLength(3);
});

test('check mode shows the planned check, and runs none', async () => {
  const { host, tried } = scene();
  expect((await run(host, GOOD, 'one', true)).rows.at(-1)).toMatch(/^changed/);
  expect(tried).toEqual([]);
});

test('a refusal is reported with the image’s message, and is not remembered', async () => {
  const { host } = scene();
  const { events, codes } = await run(host, { apisix: { status: { port: 'x' } } });
  expect(codes).toEqual(['CONFIG_REFUSED']);
  expect(events.at(-1)).toMatchObject({ errors: [{ details: 'apisix.status.port: expected int' }] });
  expect(host.files.has(RECORD)).toBe(false);
  expect(host.files.has(STAGED)).toBe(false);
  expect((await run(host, { apisix: { status: { port: 'x' } } })).codes).toEqual(['CONFIG_REFUSED']);
});

test('a check without an end is an error, and no container of it stays', async () => {
  const { host } = scene();
  host.engine.program = undefined;
  expect((await run(host, GOOD)).codes).toEqual(['TIMED_OUT']);
  expect(await host.engine.containers()).toEqual([]);
  expect(host.files.has(STAGED)).toBe(false);
});

test('a container of an interrupted run is no obstacle', async () => {
  const { host } = scene();
  await run(host, GOOD);
  await host.engine.create(CHECK_CONTAINER, { Image: REF, HostConfig: { RestartPolicy: { Name: 'no' } } });
  expect((await run(host, { a: 1 })).codes).toEqual([]);
});

test('a secret in it reaches the image, and nothing else', async () => {
  const { host, tried } = scene();
  const { events } = await run(host, { password: Secret.of('sentinel-5ecr3t') });
  expect(tried[0]?.config).toContain('sentinel-5ecr3t');
  expect(JSON.stringify(events)).not.toContain('sentinel-5ecr3t');
  expect(host.fileText(RECORD)).toMatch(/^v1:[0-9a-f]{64}\n$/);
});

test('other inputs of its container are checked with it: a change of them is checked again, and none of them is shown', async () => {
  const { host, tried } = scene();
  host.files.makeDirectory('/srv', { mode: '0755', owner: 'root', group: 'root' });
  const given = (region: string, readOnly = true) => ({
    env: { REGION: region, PASSWORD: Secret.of('pass-of-the-check') },
    mounts: [{ source: '/srv', target: '/plugins', readOnly }],
  });
  const first = await run(host, GOOD, 'one', false, given('eu'));
  expect(first.codes).toEqual([]);
  expect(JSON.stringify(first.events)).not.toContain('pass-of-the-check');
  expect(tried[0]?.body.Env).toEqual(['REGION=eu', 'PASSWORD=pass-of-the-check']);
  expect(tried[0]?.body.HostConfig.Mounts?.slice(1)).toEqual([
    { Type: 'bind', Source: '/srv', Target: '/plugins', ReadOnly: true },
  ]);
  await run(host, GOOD, 'one', false, given('eu'));
  expect(tried).toHaveLength(1);
  await run(host, GOOD, 'one', false, given('us'));
  await run(host, GOOD, 'one', false, given('us', false));
  await run(host, GOOD);
  expect(tried).toHaveLength(4);
});
