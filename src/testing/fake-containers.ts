import type { ContainerCreate } from '../core/host/docker.ts';
import { engineError } from '../docker/engine-error.ts';
import { beginFake, endFake, endProgram, type FakeContainer, type FakeEnd, inspectFake } from './fake-container.ts';
import { seenByFake } from './fake-container-files.ts';
import type { FakeDockerOptions } from './fake-docker-options.ts';

/** The containers of a fake engine, and what happens to them on their host without the Engine being asked. */
export class FakeContainers {
  /** A container's process that ends by itself; undefined: it keeps running. `files` are its mounted ones. */
  program: ((body: ContainerCreate, files: ReadonlyMap<string, string>) => FakeEnd | undefined) | undefined;
  protected readonly options: FakeDockerOptions;
  protected list: FakeContainer[] = [];
  /** Creations and starts. */
  protected count = 0;

  constructor(options: FakeDockerOptions) {
    this.options = options;
  }

  /** Process id of a running container, else 0. */
  pidOf(name: string): number {
    return this.find(name)?.pid ?? 0;
  }

  /** Every container: its name, what it was created from, and its process id, 0 for none. */
  get all(): readonly Pick<FakeContainer, 'id' | 'name' | 'body' | 'pid' | 'status'>[] {
    return this.list;
  }

  /** The body that a container was created from; undefined: it does not exist. */
  bodyOf(name: string): ContainerCreate | undefined {
    return this.find(name)?.body;
  }

  /** A mounted file as a container's process sees it; `null` if the process or file does not exist. */
  seenFile(pid: number, target: string): string | null {
    return seenByFake(pid > 0 ? this.list.find((container) => container.pid === pid) : undefined, target);
  }

  /** Edits a file in place: containers with this very file see the new text at once. */
  editInPlace(path: string, text: string): void {
    const now = this.options.files.read(path);
    for (const { body, seen } of this.list)
      for (const { Source, Target } of body.HostConfig.Mounts ?? [])
        if (Source === path && seen.get(Target) === now) seen.set(Target, text);
  }

  /**
   * Ends the process. Its restart policy may start it again at once (`back`) or after a delay (`loops`); `oom`: the
   * kernel killed it.
   */
  crash(name: string, exitCode: number, { oom = false, back = false, loops = false } = {}): void {
    const container = this.must(name, 'crash');
    endFake(container, exitCode);
    container.oomKilled = oom;
    if (!back && !loops) return;
    container.restartCount++;
    if (loops) container.status = 'restarting';
    else this.begin(container);
  }

  /** Acts as `docker pause` and `docker unpause`. */
  pause(name: string): void {
    this.must(name, 'pause').status = 'paused';
  }

  unpause(name: string): void {
    this.must(name, 'unpause').status = 'running';
  }

  /**
   * A container that the Engine could not remove completely (`dead`), or is removing for another client (`removing`).
   */
  halfRemoved(name: string, status: 'dead' | 'removing'): void {
    Object.assign(this.must(name, 'remove'), { status, pid: 0 });
  }

  /** Boots the host: containers with such a restart policy run, in the order of their creation. */
  reboot(): void {
    const back = this.list.filter((each) => returnsAfterBoot(each));
    for (const each of this.list) if (inspectFake(each).State.Running) endFake(each, 143);
    for (const each of back) this.begin(each);
  }

  /** A file of the container's own file system, as its process wrote it. */
  writeInside = (name: string, path: string, text: string): void =>
    void this.must(name, 'write into').own.set(path, text);

  protected find(name: string): FakeContainer | undefined {
    return this.list.find((container) => container.name === name || container.id === name);
  }

  protected must(name: string, verb: string): FakeContainer {
    const found = this.find(name);
    if (found !== undefined) return found;
    throw engineError({ doing: `${verb} container ${name}`, status: 404, message: `No such container: ${name}` });
  }

  protected begin(container: FakeContainer): void {
    beginFake(container, ++this.count, (path) => this.options.files.read(path));
    const end = this.program?.(container.body, container.seen);
    if (end !== undefined) endProgram(container, end);
  }
}

/** Whether Docker starts it when the host is started. */
function returnsAfterBoot(container: FakeContainer): boolean {
  const { Name } = container.body.HostConfig.RestartPolicy;
  const isRunning = inspectFake(container).State.Running;
  if (Name === 'always') return container.status !== 'created';
  return isRunning && (Name === 'unless-stopped' || Name === 'on-failure');
}
