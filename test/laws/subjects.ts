import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../src/core/secret.ts';
import type { Task } from '../../src/core/task.ts';
import { command } from '../../src/tasks/command.ts';
import { container } from '../../src/tasks/container.ts';
import { directory } from '../../src/tasks/directory.ts';
import { file } from '../../src/tasks/file.ts';
import { image } from '../../src/tasks/image.ts';
import { package_ } from '../../src/tasks/package.ts';
import { yamlFile } from '../../src/tasks/yaml-file.ts';
import { FakeHost } from '../../src/transport/fake-host.ts';
import { dockerArchive, tarGzOf } from '../docker/archives.ts';
import { DockerHost, registerPackage } from '../docker/docker-host.ts';

/** Planted in every secret of every subject: may turn up in no event. */
export const SENTINEL = 'sentinel-5ecr3t';

/** A task type on a host in some state: all laws are shown for it. */
export interface Subject {
  readonly name: string;
  host(): FakeHost;
  /** The task is the last one; those before it are what it needs. */
  tasks(): Generator<Task>;
  /** What two runs that did the same leave behind, without what is different each time. */
  stable(host: FakeHost): string | Promise<string>;
  /** Always changed, never confirmed. */
  readonly always?: boolean;
  /** Paths that a command of the user's touches: the one thing that no claim can name. */
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
const oldYaml = `database:\n  dsn: postgres://u:${SENTINEL}-of-last-month@db/api7ee\nlog:\n  level: info\n`;

const folder = mkdtempSync(join(tmpdir(), 'laws-'));
const REF = 'api7/api7-ee-3-gateway:3.10.5';

/** A package as the vendor ships it, on the controller's disk and known to the fake hosts. */
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

const dockerHost = (store: 'classic' | 'containerd') => (): FakeHost => {
  const host = new DockerHost({ store });
  host.files.makeDirectory('/opt', { ...ROOT, mode: '0755' });
  return host;
};

/** Containers by what they were made from: ids and process numbers differ each time. */
async function withContainers(host: FakeHost): Promise<string> {
  const { engine } = host as DockerHost;
  const names = (await engine.containers()).flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, ''))).sort();
  const found = await Promise.all(names.map((name) => engine.container(name)));
  const made = found.map((one) => [one?.Name, one?.Image, one?.State.Running, one?.Config, one?.HostConfig]);
  return JSON.stringify([host.snapshot(), made, (await engine.image(REF))?.Id]);
}

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
    name: `container, absent (${store})`,
    host: dockerHost(store),
    tasks: () => gateway(pkg, secret()),
    stable: withContainers,
  },
]);

export const subjects: readonly Subject[] = [
  ...stores,
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
