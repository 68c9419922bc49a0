import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/base/secret.ts';
import type { ContainerInspect, LogConfig } from '../../src/core/host/docker.ts';
import { type ContainerSpec, createBody, observedSpec } from '../../src/docker/spec.ts';
import { FakeDocker } from '../../src/testing/fake-docker.ts';

const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/);
const path = fc.stringMatching(/^\/[a-z]{1,6}(\/[a-z.]{1,6}){0,2}$/);
const binding = fc
  .tuple(fc.oneof(fc.ipV4(), fc.constantFrom('0.0.0.0', '[::1]')), fc.integer({ min: 1, max: 65535 }))
  .map(([address, port]) => `${address}:${port}`);

const hostName = fc.stringMatching(/^[a-z]{1,6}(\.[a-z]{1,4})?$/);

const specs: fc.Arbitrary<ContainerSpec<string>> = fc.record(
  {
    ref: fc.constantFrom('api7/gateway:1', 'registry:5000/a/b:v2'),
    hostname: fc.constantFrom('gw-1'),
    env: fc.dictionary(name, fc.string()),
    labels: fc.dictionary(name, fc.string()),
    ports: fc.dictionary(
      fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.constantFrom('tcp', 'udp')).map((parts) => parts.join('/')),
      fc.uniqueArray(binding, { minLength: 1, maxLength: 3 }).map((list) => list.sort()),
    ),
    mounts: fc.dictionary(path, fc.record({ source: path, readOnly: fc.boolean() })),
    restart: fc.constantFrom('no', 'always', 'unless-stopped', 'on-failure'),
    stopSignal: fc.constantFrom('SIGQUIT', 'SIGTERM'),
    stopTimeoutSeconds: fc.nat(600),
    nofile: fc.integer({ min: 1, max: 1 << 20 }),
    networkMode: fc.constantFrom('host', 'bridge', 'lab'),
    memory: fc.integer({ min: 6 * 1024 * 1024, max: 2 ** 40 }),
    cpus: fc.integer({ min: 1, max: 6400 }).map((hundredths) => hundredths / 100),
    log: fc.record({ 'max-size': fc.constantFrom('10m', '1g'), 'max-file': fc.constantFrom('1', '12') }),
    extraHosts: fc.dictionary(hostName, fc.oneof(fc.ipV4(), fc.ipV6()), { minKeys: 1 }),
    dns: fc.array(fc.ipV4(), { minLength: 1 }),
  },
  { requiredKeys: ['ref', 'env', 'labels', 'ports', 'mounts', 'restart'] },
);

const logOf = ({ log }: ContainerSpec): LogConfig | undefined =>
  typeof log === 'object' ? { Type: 'json-file', Config: log } : undefined;

async function inspected(spec: ContainerSpec): Promise<ContainerInspect> {
  const docker = new FakeDocker({ files: { read: () => '' } });
  docker.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, spec.ref);
  await docker.create('one', createBody(spec, logOf(spec)));
  const found = await docker.container('one');
  if (found === null) throw new Error('not created');
  return found;
}

describe('spec', () => {
  test('the observed settings of a created container are the declared ones', async () => {
    await fc.assert(
      fc.asyncProperty(specs, async (spec) => {
        expect(observedSpec(await inspected(spec))).toMatchObject({ ...spec });
      }),
    );
  });

  test('mounts never go by Binds, which would make a directory of a missing source', () => {
    const body = createBody({ ...bare, mounts: { '/in': { source: '/out', readOnly: true } } });
    expect(body.HostConfig).not.toHaveProperty('Binds');
    expect(body.HostConfig.Mounts).toEqual([{ Type: 'bind', Source: '/out', Target: '/in', ReadOnly: true }]);
  });

  test('a secret variable reaches the Engine in clear, and only there', () => {
    const spec = { ...bare, env: { TOKEN: Secret.of('t0ps3cret') } };
    expect(createBody(spec).Env).toEqual(['TOKEN=t0ps3cret']);
    expect(JSON.stringify(spec)).not.toContain('t0ps3cret');
  });

  test.each([
    ['no restart policy', { RestartPolicy: { Name: '' } }, { restart: 'no' }],
    ['the default network', { NetworkMode: 'default' }, { networkMode: 'bridge' }],
    [
      'no bind address',
      { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '80' }] } },
      { ports: { '80/tcp': ['0.0.0.0:80'] } },
    ],
    ['an exposed port that is not published', { PortBindings: { '80/tcp': null } }, { ports: {} }],
    ['a host written with =', { ExtraHosts: ['db=10.0.0.9'] }, { extraHosts: { db: '10.0.0.9' } }],
    [
      'log options of the daemon',
      { LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', labels: 'a' } } },
      { log: { 'max-size': '1m' } },
    ],
    ['limits that differ', { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] }, { nofile: '1:2' }],
    [
      'a volume',
      { Mounts: [{ Type: 'volume', Source: 'data', Target: '/d' }] },
      { mounts: { '/d': { source: 'volume:data', readOnly: false } } },
    ],
  ])('%s is read in the words of api7-orch', async (_, part, expected) => {
    const found = await inspected(bare);
    expect(observedSpec({ ...found, HostConfig: { ...found.HostConfig, ...part } })).toMatchObject(expected);
  });
});

const bare: ContainerSpec = { ref: 'a/b:1', env: {}, labels: {}, ports: {}, mounts: {}, restart: 'no' };
