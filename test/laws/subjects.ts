import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRecorded } from '../../src/api7/configuration-loaded.ts';
import { Secret } from '../../src/core/base/secret.ts';
import { CHECK_CONTAINER, verifyContainer } from '../../src/core/host/leftover-names.ts';
import type { Task } from '../../src/core/task/task.ts';
import { drainMember } from '../../src/lb/drain-member.ts';
import { haproxy } from '../../src/lb/haproxy/haproxy.ts';
import { leasePath } from '../../src/lb/lease.ts';
import { restoreMember } from '../../src/lb/restore-member.ts';
import { command } from '../../src/tasks/command.ts';
import { configAccepted } from '../../src/tasks/config-accepted.ts';
import { container } from '../../src/tasks/container.ts';
import { directory } from '../../src/tasks/directory.ts';
import { file } from '../../src/tasks/file.ts';
import { image } from '../../src/tasks/image.ts';
import { keepPrevious } from '../../src/tasks/keep-previous.ts';
import { noLeftover } from '../../src/tasks/leftovers.ts';
import { package_ } from '../../src/tasks/package.ts';
import { restarted } from '../../src/tasks/restarted.ts';
import { started } from '../../src/tasks/started.ts';
import { stopped } from '../../src/tasks/stopped.ts';
import { yamlFile } from '../../src/tasks/yaml-file.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { dockerArchive, tarGzOf } from '../docker/archives.ts';
import { DockerHost, registerPackage } from '../docker/docker-host.ts';
import { FakeHaproxy } from '../support/balancers/fake-haproxy.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { adoptSubjects } from './adopt-subjects.ts';

/** Planted in every secret of every subject: may be in no event. */
export const SENTINEL = 'sentinel-5ecr3t';

/** A task type on a host in some state: all laws are shown for it. */
export interface Subject {
  readonly name: string;
  host(): FakeHost;
  /** The task is the last one; it needs those before it. */
  tasks(): Generator<Task>;
  /** The state after two equal runs, without the parts that differ each time. */
  stable(host: FakeHost): string | Promise<string>;
  /** Always changed, never confirmed. */
  readonly always?: boolean;
  /** Paths that a command of the operator changes: no claim can name them. */
  readonly sideEffects?: readonly string[];
}

const ROOT = { mode: '0644', owner: 'root', group: 'root' } as const;

const hostWith =
  (prepare: (host: FakeHost) => void = () => {}) =>
  (): FakeHost => {
    const host = new FakeHost({
      name: 'h1',
      command: (given, at) => {
        if ('script' in given && given.script === 'touch /etc/done') at.files.write('/etc/done', Buffer.from(''), ROOT);
        return {
          code: 'script' in given && given.script === 'test -e /etc/done' && !at.files.has('/etc/done') ? 1 : 0,
        };
      },
    });
    host.files.makeDirectory('/etc', { ...ROOT, mode: '0755' });
    prepare(host);
    return host;
  };

const put =
  (path: string, content: string, mode = '0644') =>
  (host: FakeHost) =>
    host.files.write(path, Buffer.from(content), { ...ROOT, mode });

const filesOf = (host: FakeHost): string => JSON.stringify(host.snapshot());

const one = (name: string, task: () => Task, host: () => FakeHost, more: Partial<Subject> = {}): Subject => ({
  name,
  host,
  *tasks() {
    yield task();
  },
  stable: filesOf,
  ...more,
});

const secret = (): Secret => Secret.of(`${SENTINEL} and more`);
const dsn = () => ({ database: { dsn: Secret.of(`postgres://u:${SENTINEL}@db/api7ee`) }, log: { level: 'warn' } });
const plainDsn = `# Written by api7-orch; changes by hand are undone by the next run.\ndatabase:\n  dsn: postgres://u:${SENTINEL}@db/api7ee\nlog:\n  level: warn\n`;
const oldYaml = `database:\n  dsn: postgres://u:${SENTINEL}-of-last-month@db/api7ee\nlog:\n  level: info\n`;

const folder = temporaryDirectory('laws');
const REF = 'api7/api7-ee-3-gateway:3.10.5';

/** A package as the vendor ships it, on the controller's disk and on the fake hosts. */
async function packageFile(name: string, marker: string): Promise<string> {
  const image = await dockerArchive([REF], marker);
  const archive = await tarGzOf({ 'images/api7-ee-3-gateway-3.10.5.tar.gz': image.archive, VERSION: '3.10.5' });
  await registerPackage(archive);
  const path = join(folder, name);
  writeFileSync(path, archive);
  return path;
}

const [pkg, newer] = await Promise.all([packageFile('a.tar.gz', 'one'), packageFile('b.tar.gz', 'two')]);

function* gateway(from: string, token: Secret, config = 'a: 1'): Generator<Task> {
  const copied = package_({ from, into: '/opt/package' });
  yield copied;
  const loaded = image({ ref: REF, from: copied });
  yield loaded;
  const conf = file({ path: '/opt/config.yaml', content: config });
  yield conf;
  yield container({
    name: 'api7-gateway',
    image: loaded,
    hostname: 'gw-1',
    ports: [{ address: '0.0.0.0', host: 9080, container: 9080 }],
    mounts: [{ source: '/opt/config.yaml', target: '/conf/config.yaml' }],
    env: { TOKEN: token, GROUP: 'default' },
    restartOn: [conf],
    stopSignal: 'SIGQUIT',
    stopTimeoutSeconds: 250,
  });
}

/** A container with every possible setting. */
function* settled(token: Secret): Generator<Task> {
  const loaded = image({ ref: REF });
  yield loaded;
  yield container({
    name: 'api7-gateway',
    image: loaded,
    hostname: 'gw-1',
    env: { REGION: 'eu', PASSWORD: token },
    mounts: [{ source: '/srv', target: '/plugins' }],
    memory: 2 ** 30,
    cpus: 1.5,
    log: { maxSize: '10m', maxFile: 3 },
    labels: { team: 'edge' },
    extraHosts: { 'db.internal': '10.0.9.1' },
    dns: ['10.0.0.2'],
  });
}

/** A host that can run that container, or runs it with other settings. */
const settledHost = (runs: boolean) => (): DockerHost => {
  const host = new DockerHost();
  host.files.makeDirectory('/srv', { ...ROOT, mode: '0755' });
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, REF);
  if (!runs) return host;
  void host.engine.create('api7-gateway', {
    Image: REF,
    Env: [`PASSWORD=${SENTINEL} of last month`, `OLD=${SENTINEL}`],
    Labels: { 'api7-orch.spec': 'v1:1', 'api7-orch.env': '["OLD","PASSWORD"]', team: 'us' },
    HostConfig: {
      RestartPolicy: { Name: 'unless-stopped' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '50m', 'max-file': '5' } },
      Memory: 2 ** 31,
      ExtraHosts: ['db.internal:10.0.9.9'],
      Dns: ['10.0.0.3', '10.0.0.2'],
    },
  });
  void host.engine.start('api7-gateway');
  return host;
};

const dockerHost = (store: 'classic' | 'containerd') => (): FakeHost => {
  const host = new DockerHost({ store });
  host.files.makeDirectory('/opt', { ...ROOT, mode: '0755' });
  return host;
};

/** A host whose registries accept the secret. */
const pullingHost = (store: 'classic' | 'containerd') => (): FakeHost => {
  const host = new DockerHost({ store });
  const ids = { classic: 'sha256:1', containerd: 'sha256:2' };
  for (const [address, ref] of [
    ['docker.io', REF],
    ['mirror.example.com', `mirror.example.com/copy/${REF}`],
  ] as const) {
    host.engine.logins.set(address, { puller: secret().reveal() });
    host.engine.pullable.set(ref, ids);
  }
  return host;
};

/** Containers by their specification: ids and process numbers differ each time. */
async function withContainers(host: FakeHost): Promise<string> {
  const { engine } = host as DockerHost;
  const names = (await engine.containers()).flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, ''))).sort();
  const found = await Promise.all(names.map((name) => engine.container(name)));
  const made = found.map((one) => [one?.Name, one?.Image, one?.State.Running, one?.Config, one?.HostConfig]);
  return JSON.stringify([host.snapshot(), made, (await engine.image(REF))?.Id]);
}

/** A host on which a gateway of api7-orch runs. */
const serving = (): DockerHost => {
  const host = new DockerHost();
  host.files.makeDirectory('/opt', { ...ROOT, mode: '0755' });
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, REF);
  // The fake engine obeys at once.
  void host.engine.create('api7-gateway', {
    Image: REF,
    Labels: { 'api7-orch.spec': 'v1:1' },
    HostConfig: { RestartPolicy: { Name: 'unless-stopped' } },
  });
  void host.engine.start('api7-gateway');
  return host;
};

/** Later than the start above, earlier than any other of the fake engine. */
const AFTER_START = new Date(2500).toISOString();

const stores = (['classic', 'containerd'] as const).flatMap((store): readonly Subject[] => [
  {
    name: `package, absent (${store})`,
    host: dockerHost(store),
    *tasks() {
      yield package_({ from: pkg, into: '/opt/package' });
    },
    stable: withContainers,
  },
  {
    name: `image, absent (${store})`,
    host: dockerHost(store),
    *tasks() {
      const copied = package_({ from: newer, into: '/opt/package' });
      yield copied;
      yield image({ ref: REF, from: copied });
    },
    stable: withContainers,
  },
  {
    name: `image from a mirror, absent (${store})`,
    host: pullingHost(store),
    *tasks() {
      const login = (address: string) => ({ address, username: 'puller', password: secret() });
      const mirrors = [{ prefix: 'mirror.example.com/copy', login: login('mirror.example.com') }];
      yield image({ ref: REF, login: login('docker.io'), mirrors, atOnce: 1 });
    },
    stable: withContainers,
  },
  {
    name: `container, absent (${store})`,
    host: dockerHost(store),
    tasks: () => gateway(pkg, secret()),
    stable: withContainers,
  },
]);

const MEMBER = { node: 'gw-1', address: '10.0.2.21', port: 9080 } as const;
const AT = {
  balancer: haproxy({ pool: 'gateways', host: 'lb-1', socket: '/run/haproxy/admin.sock' }),
  member: MEMBER,
} as const;
const LEASES = ['/var', '/var/lib', '/var/lib/api7-orch', '/var/lib/api7-orch/leases'] as const;
const balancers = new WeakMap<FakeHost, FakeHaproxy>();

/** A host that runs HAProxy; `leased`: it has a lease with the previous weight 50. */
const balancerHost =
  (leased = false) =>
  (): FakeHost => {
    const fake = new FakeHaproxy({
      clock: { now: () => 1_000_000 },
      servers: ['gateways', 'gateways_tcp'].map((backend) => ({ ...MEMBER, backend, name: 'gw-1', weight: 100 })),
    });
    const host = new FakeHost({ name: 'lb-1', ...fake.host });
    balancers.set(host, fake);
    const before = { 'gateways/gw-1': { admin: 'ready', weight: '50' } };
    const lease = { node: 'gw-1', before, by: 'ops@desk', at: '2026-01-01T00:00:00Z', reason: 'laws', held: [] };
    if (!leased) return host;
    for (const [path, mode] of LEASES.map((path) => [path, path.endsWith('leases') ? '0700' : '0755'] as const))
      host.files.makeDirectory(path, { ...ROOT, mode });
    host.files.write(leasePath('gateways', 'gw-1'), Buffer.from(JSON.stringify(lease)), { ...ROOT, mode: '0600' });
    fake.command('set server gateways/gw-1 state drain');
    return host;
  };

const withBalancer = (host: FakeHost): string =>
  JSON.stringify([host.snapshot(), balancers.get(host)?.show('servers state')]);

export const subjects: readonly Subject[] = [
  ...stores,
  ...adoptSubjects(SENTINEL).map((subject): Subject => ({ ...subject, stable: withContainers })),
  ...[false, true].map(
    (runs): Subject => ({
      name: `container with all settings, ${runs ? 'with others' : 'absent'}`,
      host: settledHost(runs),
      tasks: () => settled(secret()),
      stable: withContainers,
    }),
  ),
  one('stopped', () => stopped({ container: 'api7-gateway' }), serving, { stable: withContainers }),
  one(
    'started',
    () => started({ container: 'api7-gateway' }),
    () => {
      const host = serving();
      void host.engine.stop('api7-gateway', { signal: 'SIGQUIT', timeoutSeconds: 1 });
      return host;
    },
    { stable: withContainers },
  ),
  one('loadRecorded', () => loadRecorded({ container: 'api7-gateway', record: '/opt/.loaded' }), serving, {
    stable: withContainers,
  }),
  one('keepPrevious', () => keepPrevious({ container: 'api7-gateway', serves: false }), serving, {
    stable: withContainers,
    sideEffects: ['/var', '/var/lib', '/var/lib/api7-orch', '/var/lib/api7-orch/previous'],
  }),
  one('restarted', () => restarted({ container: 'api7-gateway', since: AFTER_START }), serving, {
    stable: withContainers,
  }),
  one(
    'restarted, after it had to be killed',
    () => restarted({ container: 'api7-gateway', since: AFTER_START }),
    () => {
      const host = serving();
      host.engine.stubborn.add('api7-gateway');
      return host;
    },
    { stable: withContainers },
  ),
  {
    name: 'configAccepted',
    host: () => {
      const host = new DockerHost();
      host.files.makeDirectory('/opt', { ...ROOT, mode: '0755' });
      host.engine.program = () => ({ exitCode: 0, log: '' });
      return host;
    },
    *tasks() {
      const copied = package_({ from: pkg, into: '/opt/package' });
      yield copied;
      const loaded = image({ ref: REF, from: copied });
      yield loaded;
      const how = { target: '/conf.yaml', command: 'check', as: 636, record: '/opt/.accepted' };
      yield configAccepted({ image: loaded, content: dsn(), ...how });
    },
    stable: withContainers,
  },
  one(
    'drainMember, in service',
    () => drainMember({ ...AT, by: 'ops@desk', at: '2026-01-01T00:00:00Z', reason: 'laws', how: 'drained' }),
    balancerHost(),
    { stable: withBalancer, sideEffects: LEASES },
  ),
  one(
    'drainMember, with a lease that lacks a server',
    () => drainMember({ ...AT, by: 'ops@desk', reason: 'laws', how: 'closed' }),
    balancerHost(true),
    { stable: withBalancer, sideEffects: ['/var/lib/api7-orch/leases'] },
  ),
  one(
    'drainMember, with a lease only',
    () => drainMember({ ...AT, by: 'ops@desk', at: '2026-01-01T00:00:00Z', reason: 'laws', how: 'leased' }),
    balancerHost(),
    { stable: withBalancer, sideEffects: LEASES },
  ),
  one('restoreMember, drained', () => restoreMember(AT), balancerHost(true), { stable: withBalancer }),
  one(
    'noLeftoverFile',
    () => noLeftover({ file: '/etc/.package.api7-orch-new' }),
    hostWith((host) => {
      host.files.makeDirectory('/etc/.package.api7-orch-new', { ...ROOT, mode: '0700' });
      put('/etc/.package.api7-orch-new/package.tar.gz', SENTINEL)(host);
    }),
  ),
  ...['api7-gateway-api7-orch-new', CHECK_CONTAINER, verifyContainer('gateway-init', '3f9a')].map((container) =>
    one(
      `noLeftoverContainer, ${container}`,
      () => noLeftover({ container, replaces: 'api7-gateway', isLast: false }),
      () => {
        const host = serving();
        void host.engine.create(container, { Image: REF, HostConfig: { RestartPolicy: { Name: 'no' } } });
        if (!container.startsWith('api7-gateway')) void host.engine.start(container);
        return host;
      },
      { stable: withContainers },
    ),
  ),
  one('directory, absent', () => directory({ path: '/opt/api7/deep', mode: '0750' }), hostWith(), {
    sideEffects: ['/opt', '/opt/api7'],
  }),
  one('directory, with another mode', () => directory({ path: '/etc', mode: '0750' }), hostWith()),
  one('file, absent', () => file({ path: '/etc/a', content: 'a' }), hostWith()),
  one('file, edited', () => file({ path: '/etc/a', content: 'a', mode: '0600' }), hostWith(put('/etc/a', 'b'))),
  one(
    'file, with another mode',
    () => file({ path: '/etc/a', content: 'a', mode: '0600' }),
    hostWith(put('/etc/a', 'a')),
  ),
  one('secret file, absent', () => file({ path: '/etc/a', content: secret(), mode: '0600' }), hostWith()),
  one(
    'secret file, edited',
    () => file({ path: '/etc/a', content: secret() }),
    hostWith(put('/etc/a', `old ${SENTINEL}`)),
  ),
  one('yamlFile, absent', () => yamlFile({ path: '/etc/a.yaml', content: dsn() }), hostWith()),
  one(
    'yamlFile, with last month’s secret',
    () => yamlFile({ path: '/etc/a.yaml', content: dsn() }),
    hostWith(put('/etc/a.yaml', oldYaml)),
  ),
  one(
    'yamlFile, without a default that is accepted, with another mode',
    () => yamlFile({ path: '/etc/a.yaml', content: { ...dsn(), added: 1 }, accepts: [dsn()] }),
    hostWith(put('/etc/a.yaml', plainDsn)),
  ),
  one(
    'yamlFile, without a default and with another value',
    () => yamlFile({ path: '/etc/a.yaml', content: { ...dsn(), added: 1 }, accepts: [dsn()] }),
    hostWith(put('/etc/a.yaml', oldYaml)),
  ),
  one(
    'command, creates',
    () => command({ run: 'touch /etc/done', creates: '/etc/done', stdin: secret() }),
    hostWith(),
    { sideEffects: ['/etc/done'] },
  ),
  one('command, unless', () => command({ run: 'touch /etc/done', unless: 'test -e /etc/done' }), hostWith(), {
    sideEffects: ['/etc/done'],
  }),
  one('command, always', () => command({ run: 'touch /etc/done', always: true, stdin: secret() }), hostWith(), {
    always: true,
    sideEffects: ['/etc/done'],
  }),
];
