import { sha256 } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import type {
  ContainerCreate,
  ContainerFile,
  ContainerInspect,
  ContainerSummary,
  Docker,
  EngineInfo,
  ImageInspect,
  LogConfig,
  RegistryLogin,
  RestartPolicy,
  StopOptions,
} from '../core/host/docker.ts';
import { engineError } from '../docker/engine-error.ts';
import {
  endFake,
  inspectFake,
  newFakeContainer,
  refuseBody,
  refuseState,
  refuseTakenName,
  refuseTakenPort,
  summarizeFake,
} from './fake-container.ts';
import { fileInFake } from './fake-container-files.ts';
import { FakeContainers } from './fake-containers.ts';
import type { FakeDockerOptions } from './fake-docker-options.ts';
import { type FakeImageIds, FakeImages, type FakeLogins, inRegistry } from './fake-images.ts';

/**
 * A Docker Engine in memory: images by the ids of its store, containers with the Engine's rules for names, ports and
 * mounts. A running container sees a mounted file as it was at its start.
 *
 * @example const docker = new FakeDocker({ files: { read: (path) => host.fileText(path) } });
 */
export class FakeDocker extends FakeContainers implements Docker {
  /** Images that a pull finds, by reference; by digest also untagged ones. */
  readonly pullable = new Map<string, FakeImageIds>();
  /** Registries with a login: the password of each user, by address. */
  readonly logins: FakeLogins = new Map();
  /** Whether it can read a digest from a registry: other engines with this API cannot. */
  asksRegistries = true;
  /** Containers whose process ignores the stop signal: they are killed when their time is up. */
  readonly stubborn = new Set<string>();
  /** Called before each write; a test throws here to make the Engine fail. */
  onWrite: ((call: string, name: string) => void) | undefined;
  /** Requested stops. */
  readonly stops: ({ readonly name: string } & StopOptions)[] = [];
  /** Removed containers. */
  readonly removals: { readonly name: string; readonly keepVolumes: boolean }[] = [];
  /** Signals sent without waiting. */
  readonly signals: { readonly name: string; readonly signal: string }[] = [];
  /** Log driver of containers that set none, and the daemon's options for it. */
  log: LogConfig = { Type: 'json-file', Config: {} };
  readonly #images: FakeImages;

  constructor(options: FakeDockerOptions) {
    super(options);
    this.#images = new FakeImages(options.store ?? 'classic', options.imageEnv ?? []);
  }

  /** Acts as `docker load`: the image exists, under this reference if given. */
  loadArchive = (ids: FakeImageIds, ref?: string): string => this.#images.add(ids, ref);
  untag = (ref: string): boolean => this.#images.untag(ref);
  /** Sets an image's configuration: user, stop signal, entrypoint. */
  configureImage = (ref: string, config: NonNullable<ImageInspect['Config']>): void =>
    this.#images.configure(ref, config);

  async info(): Promise<EngineInfo> {
    const { Type: LoggingDriver } = this.log;
    const about = { ServerVersion: '28.0.0', DockerRootDir: '/var/lib/docker', Driver: 'overlay2', LoggingDriver };
    return { ...about, ...this.options.info };
  }

  async container(name: string): Promise<ContainerInspect | null> {
    const found = this.find(name);
    // Docker has tried again by the next reading.
    if (found?.status === 'restarting') found.restartCount++;
    return found === undefined ? null : inspectFake(found);
  }

  async containers(): Promise<readonly ContainerSummary[]> {
    return this.list.map(summarizeFake);
  }

  file = async (name: string, path: string): Promise<ContainerFile | null> =>
    fileInFake(this.find(name), path, (source) => this.options.files.read(source));

  image = async (ref: string): Promise<ImageInspect | null> => this.#images.inspect(ref);

  async logs(name: string, lines: number): Promise<string> {
    return (this.find(name)?.log ?? '').split('\n').slice(-lines).join('\n');
  }

  async create(name: string, body: ContainerCreate): Promise<string> {
    this.onWrite?.('create', name);
    const doing = `create container ${name}`;
    const imageId = this.#images.idOf(body.Image);
    if (imageId === undefined) throw engineError({ doing, status: 404, message: `No such image: ${body.Image}` });
    refuseTakenName(name, this.list, doing);
    refuseBody(body, doing, (path) => this.options.files.exists?.(path) ?? this.options.files.read(path) !== null);
    const id = sha256(`${name} ${this.count++}`);
    const { imageEnv = [] } = this.options;
    this.list.push(newFakeContainer({ id, imageId, body, imageEnv, daemonLog: this.log, name }));
    return id;
  }

  async start(name: string): Promise<void> {
    this.onWrite?.('start', name);
    const container = this.must(name, 'start');
    if (container.status === 'running' || container.status === 'restarting') return;
    refuseState(container, 'start');
    refuseTakenPort(container, this.list);
    this.begin(container);
  }

  async stop(name: string, options: StopOptions): Promise<void> {
    this.onWrite?.('stop', name);
    const container = this.find(name);
    if (container === undefined || !inspectFake(container).State.Running) return;
    this.stops.push({ name, ...options });
    if (container.status === 'restarting') container.status = 'exited';
    else endFake(container, this.stubborn.has(container.name) ? 137 : 0);
  }

  async signal(name: string, signal: string): Promise<void> {
    this.onWrite?.('signal', name);
    const container = this.find(name);
    if (container?.status !== 'running' && container?.status !== 'paused') return;
    this.signals.push({ name, signal });
    if (signal === 'SIGKILL') endFake(container, 137);
    // Only its own stop signal unpauses it.
    else if (container.status === 'paused' && (container.body.StopSignal ?? signal) !== signal) return;
    else if (!this.stubborn.has(container.name)) endFake(container, 0);
  }

  async wait(name: string, timeoutSeconds: number): Promise<number> {
    const container = this.must(name, 'wait for');
    if (container.status === 'running' || container.status === 'paused')
      throw new OrchError('TIMED_OUT', `container ${name} has not ended within ${timeoutSeconds} s`);
    return container.exitCode;
  }

  async remove(name: string, { keepVolumes = false } = {}): Promise<void> {
    this.onWrite?.('remove', name);
    const container = this.find(name);
    if (container === undefined) return;
    refuseState(container, 'remove');
    this.removals.push({ name: container.name, keepVolumes });
    this.list = this.list.filter((other) => other !== container);
  }

  async rename(name: string, to: string): Promise<void> {
    this.onWrite?.('rename', name);
    const container = this.must(name, 'rename');
    refuseTakenName(to, this.list, `rename container ${name} to ${to}`);
    container.name = to;
  }

  async setRestartPolicy(name: string, policy: RestartPolicy): Promise<void> {
    this.onWrite?.('setRestartPolicy', name);
    const container = this.must(name, 'update');
    container.body = { ...container.body, HostConfig: { ...container.body.HostConfig, RestartPolicy: policy } };
  }

  async pull(ref: string, login?: RegistryLogin): Promise<void> {
    this.onWrite?.('pull', ref);
    this.#images.pull(inRegistry(this, ref, login), ref);
  }

  async digestOf(ref: string, login?: RegistryLogin): Promise<string> {
    if (!this.asksRegistries) throw engineError({ doing: `ask for ${ref}`, status: 404, message: 'page not found' });
    return inRegistry(this, ref, login).containerd;
  }

  async tag(id: string, ref: string): Promise<void> {
    this.onWrite?.('tag', ref);
    const imageId = this.#images.idOf(id);
    const doing = `tag image ${id} as ${ref}`;
    if (imageId === undefined) throw engineError({ doing, status: 404, message: `No such image: ${id}` });
    this.#images.tag(imageId, ref);
  }
}
