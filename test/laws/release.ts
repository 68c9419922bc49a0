import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../src/core/base/data.ts';
import type { ContainerCreate } from '../../src/core/host/docker.ts';
import { Ask, type Steps } from '../../src/core/task/task.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { controlPlaneImages } from '../../src/programs/control-plane.ts';
import { dashboard } from '../../src/programs/dashboard.ts';
import { dpManager } from '../../src/programs/dp-manager.ts';
import { gateway } from '../../src/programs/gateway.ts';
import { readPresent } from '../../src/tasks/previous/observe.ts';
import { digestOfState } from '../../src/tasks/previous/record.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

/** Inventories of earlier releases, each with the hosts that its release made of it. */
export const RELEASES = join(import.meta.dirname, '../fixtures/releases');

const HOSTS = ['cp-1', 'gw-1'] as const;

interface RecordedNode {
  readonly path: string;
  readonly type: 'file' | 'directory';
  /** Base64. */
  readonly content: string;
  readonly mode: string;
  readonly owner: string | number;
  readonly group: string | number;
}

interface RecordedHost {
  readonly name: string;
  readonly files: readonly RecordedNode[];
  readonly containers: readonly RecordedContainer[];
}

interface RecordedContainer {
  readonly name: string;
  readonly body: ContainerCreate;
  /** The digest of a running container, as it is recorded. */
  readonly state: string;
}

const env = {
  RELEASE_PASSWORD: 'p@ss:/#% of a release',
  RELEASE_TOKEN: 'a7adm-token-of-a-release',
  RELEASE_DSN: 'postgres://api7ee:dsn-of-a-release@db:5432/api7ee',
};

const inventoryOf = (folder: string): Promise<Inventory> => loadInventory(join(folder, 'inventory.yaml'), { env });

/** The ids of an image, made of its reference. */
const idsOf = (ref: string) => ({
  classic: `sha256:${sha256(ref)}`,
  containerd: `sha256:${sha256(`${ref} manifest`)}`,
});

/** The state of a host that a release defines: its tasks, without the gates, which need services that respond. */
function* stated(inventory: Inventory, name: string): Steps {
  const host = inventory.hosts.get(name);
  if (host === undefined) throw new Error(`no host ${name}`);
  if (name === 'gw-1') return yield* tasksIn(gateway(inventory, host));
  const images = yield* tasksIn(controlPlaneImages(inventory));
  yield* tasksIn(dashboard(inventory, host, images.dashboard));
  yield* tasksIn(dpManager(inventory, host, images.dpManager));
}

function* tasksIn<R>(steps: Steps<R>): Steps<R> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    // A container's id is not compared: the fake engine has another one each time.
    if (!(value instanceof Ask) && !value.type.gate && value.type.kind !== 'loadRecorded') yield value;
  }
}

const bareHost = (name: string): DockerHost => {
  const host = new DockerHost({ name });
  host.files.makeDirectory('/opt', { mode: '0755', owner: 'root', group: 'root' });
  return host;
};

/** Installs a host from its inventory, as this version of the sources does it. */
export async function recordRelease(folder: string): Promise<readonly RecordedHost[]> {
  const inventory = await inventoryOf(folder);
  return await Promise.all(HOSTS.map((name) => recordHost(inventory, name)));
}

async function recordHost(inventory: Inventory, name: string): Promise<RecordedHost> {
  const host = bareHost(name);
  const pull = host.engine.pull.bind(host.engine);
  host.engine.pull = (ref, login) => {
    host.engine.pullable.set(ref, idsOf(ref));
    return pull(ref, login);
  };
  const { codes } = await runPlays(
    [host],
    onePlay(() => stated(inventory, name)),
  );
  if (codes.length > 0) throw new Error(`${name} cannot be installed: ${codes.join(', ')}`);
  const names = (await host.engine.containers()).map(({ Names }) => Names[0]?.slice(1) ?? '');
  const containers = await Promise.all(names.map((made) => recordContainer(host, made)));
  return { name, files: host.snapshot() as readonly RecordedNode[], containers };
}

async function recordContainer(host: DockerHost, name: string): Promise<RecordedContainer> {
  const body = host.engine.bodyOf(name);
  const present = await readPresent(name, host);
  if (body === undefined || !('state' in present)) throw new Error(`${name} was not made`);
  return { name, body, state: digestOfState(present.state) };
}

const recordedHosts = (folder: string): readonly RecordedHost[] =>
  JSON.parse(readFileSync(join(folder, 'hosts.json'), 'utf8'));

/** The containers on the hosts of a release, by digests: as that release computed them, and as they are computed now. */
export async function statesOn(folder: string): Promise<{ readonly before: string[]; readonly now: string[] }> {
  const recorded = recordedHosts(folder);
  const now = await Promise.all(
    recorded.map(async (one) => {
      const host = await madeHost(one);
      return await Promise.all(one.containers.map(({ name }) => recordContainer(host, name)));
    }),
  );
  const states = (containers: readonly RecordedContainer[]) => containers.map(({ name, state }) => `${name} ${state}`);
  return { before: states(recorded.flatMap(({ containers }) => containers)), now: states(now.flat()) };
}

/** The tasks that find something to change on the hosts of a release, with its inventory. */
export async function changesOn(folder: string): Promise<readonly string[]> {
  const inventory = await inventoryOf(folder);
  const hosts = await Promise.all(recordedHosts(folder).map(madeHost));
  const run = await runPlays(
    hosts,
    onePlay(({ name }) => stated(inventory, name)),
    { check: true, diff: true },
  );
  if (run.codes.length > 0) throw new Error(`the plan fails: ${run.codes.join(', ')}`);
  return run.events.flatMap((event) =>
    event.type === 'task.end' && event.status !== 'ok'
      ? [`${event.host} ${event.task}: ${event.differences.map(({ path }) => path).join(', ')}`]
      : [],
  );
}

async function madeHost({ name, files, containers }: RecordedHost): Promise<DockerHost> {
  const host = bareHost(name);
  for (const { path, content, ...node } of files)
    host.files.set(path, { ...node, content: Buffer.from(content, 'base64') });
  for (const { name: container, body } of containers) {
    host.engine.loadArchive(idsOf(body.Image), body.Image);
    await host.engine.create(container, body);
    await host.engine.start(container);
  }
  return host;
}
