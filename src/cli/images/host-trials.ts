import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { Running, Trial, TrialContainer } from '../../api7/image-contract/trial.ts';
import type { Clock } from '../../core/base/clock.ts';
import { OrchError, unlessSilent } from '../../core/base/errors.ts';
import type { Connection, Ownership } from '../../core/host/connection.ts';
import type { ContainerCreate, ImageInspect } from '../../core/host/docker.ts';
import { ENDINGS, verifyContainer } from '../../core/host/leftover-names.ts';
import { discard, type Ended, runOnce } from '../../docker/run-once.ts';
import { bindMount, envList } from '../../docker/spec.ts';
import { imageArchitecture } from '../../tasks/image/image-local.ts';

export interface HostTrialsOptions {
  readonly clock: Clock;
  /** Ends running containers. */
  readonly signal: AbortSignal;
  /** Directory for the mounted files; the trials of each verification use their own subdirectory. */
  readonly directory: string;
  /** Owner of the files if they cannot be given to root: then the trial does not show the real permissions. */
  readonly ownFiles?: Ownership;
}

const LOG_LINES = 200;
/** Exit codes: a shell's for a missing program, and `timeout`'s for one that has not ended. */
const NO_PROGRAM = 127;
const LATE = 124;
const ANSWER_MS = 3000;

/** Throw-away containers on one host. `close` removes all of them and their files. */
export class HostTrials {
  readonly #host: Connection;
  readonly #options: HostTrialsOptions;
  readonly #id = randomBytes(4).toString('hex');
  readonly #names = new Set<string>();
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;
  readonly #end = (): void => {
    // Ends what the run waits for.
    for (const name of this.#names)
      void this.#host.docker.stop(name, { signal: 'SIGKILL', timeoutSeconds: 1 }).catch(() => undefined);
  };

  constructor(host: Connection, options: HostTrialsOptions) {
    this.#host = host;
    this.#options = options;
    options.signal.addEventListener('abort', this.#end, { once: true });
  }

  get #directory(): string {
    return posix.join(this.#options.directory, `${ENDINGS.verify}-${this.#id}`);
  }

  /** Trials of one image; `of` is part of its containers' names. */
  async of(of: string, image: ImageInspect): Promise<Trial> {
    const { clock, signal } = this.#options;
    const { arch } = await this.#host.facts();
    return {
      image,
      architecture: imageArchitecture(arch),
      clock,
      signal,
      run: (what, container, seconds) => this.#during(this.#run(`${of}-${what}`, image, container, seconds)),
      start: (what, container) => this.#during(this.#start(`${of}-${what}`, image, container)),
    };
  }

  /** Removes everything. @returns names of containers, and the directory, that may still exist */
  async close(): Promise<readonly string[]> {
    this.#options.signal.removeEventListener('abort', this.#end);
    this.#closed = true;
    this.#end();
    await Promise.allSettled(this.#underWay);
    const { docker } = this.#host;
    // A container that shares another one's network is removed first.
    const left: string[] = [];
    for (const name of [...this.#names].toReversed())
      await discard(docker, name).catch(() => void left.push(`container ${name}`));
    await this.#host.remove(this.#directory).catch(() => void left.push(this.#directory));
    return left;
  }

  /** Until it has settled, it may create another container. */
  async #during<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  async #run(what: string, image: ImageInspect, container: TrialContainer, seconds: number): Promise<Ended> {
    const name = await this.#named(what);
    try {
      return await runOnce(this.#host.docker, name, await this.#body(what, image, container), seconds);
    } catch (error) {
      this.#goOn();
      const ended = endedBy(error, seconds);
      if (ended === undefined) throw error;
      return ended;
    } finally {
      this.#goOn();
    }
  }

  async #start(what: string, image: ImageInspect, container: TrialContainer): Promise<Running> {
    const { docker } = this.#host;
    const name = await this.#named(what);
    await docker.create(name, await this.#body(what, image, container));
    try {
      await docker.start(name);
    } catch (error) {
      const ended = endedBy(error, 0);
      if (ended === undefined) throw error;
      return running(name, this.#host, ended);
    }
    return running(name, this.#host);
  }

  #goOn(): void {
    if (this.#options.signal.aborted || this.#closed) throw new OrchError('INTERRUPTED', 'interrupted');
  }

  async #named(what: string): Promise<string> {
    this.#goOn();
    const name = verifyContainer(what, this.#id);
    this.#names.add(name);
    return name;
  }

  async #body(what: string, image: ImageInspect, container: TrialContainer): Promise<ContainerCreate> {
    const { entrypoint, cmd, env = {}, files = {}, group = 0, ports, beside } = container;
    const mounts = await Promise.all(
      Object.entries(files).map(async ([target, text], at) =>
        bindMount(await this.#file(`${what}-${at}`, text, group), target),
      ),
    );
    const keys = (ports ?? []).map((port) => `${port}/tcp`);
    return {
      Image: image.Id,
      ...(entrypoint && { Entrypoint: entrypoint }),
      ...(cmd && { Cmd: cmd }),
      Env: envList(env),
      Labels: { 'api7-orch.verify': this.#id },
      ExposedPorts: Object.fromEntries(keys.map((key) => [key, {}])),
      HostConfig: {
        ...(beside !== undefined
          ? { NetworkMode: `container:${beside.name}` }
          : ports === undefined
            ? { NetworkMode: 'none' }
            : {}),
        RestartPolicy: { Name: 'no' },
        // The Engine picks free ports.
        PortBindings: Object.fromEntries(keys.map((key) => [key, [{ HostIp: '127.0.0.1', HostPort: '' }]])),
        Mounts: mounts,
      },
    };
  }

  async #file(name: string, text: string, group: number): Promise<string> {
    const { ownFiles = { mode: '0640', owner: 0, group } } = this.#options;
    const path = posix.join(this.#directory, name);
    await this.#host.makeDirectory(this.#directory, { ...ownFiles, group: ownFiles.group, mode: '0755' });
    await this.#host.writeFile(path, text, ownFiles);
    return path;
  }
}

/** The end of a container that could not start, or did not end in time; undefined for other errors. */
function endedBy(error: unknown, seconds: number): Ended | undefined {
  if (!(error instanceof OrchError)) return undefined;
  if (error.code === 'TIMED_OUT') return { exitCode: LATE, log: `it has not ended within ${seconds}s` };
  const isMissing = /executable file not found|exec: .*(?:no such file or directory|permission denied)/.test(
    error.message,
  );
  return isMissing ? { exitCode: NO_PROGRAM, log: error.message } : undefined;
}

function running(name: string, host: Pick<Connection, 'docker' | 'httpGet'>, failed?: Ended): Running {
  const { docker } = host;
  let ports: ReadonlyMap<number, number> = new Map();
  const log = (): Promise<string> => docker.logs(name, LOG_LINES);
  const published = async (port: number): Promise<number | undefined> => {
    if (!ports.has(port)) {
      const found = (await docker.containers()).find(({ Names }) => Names.includes(`/${name}`));
      ports = new Map(
        (found?.Ports ?? []).flatMap(({ PrivatePort, PublicPort }) =>
          PublicPort === undefined ? [] : [[PrivatePort, PublicPort] as const],
        ),
      );
    }
    return ports.get(port);
  };
  const ended = async (): Promise<Ended | undefined> => {
    if (failed !== undefined) return failed;
    const found = await docker.container(name);
    if (found?.State.Running === true) return undefined;
    return { exitCode: found?.State.ExitCode ?? 0, log: await log() };
  };
  return {
    name,
    log,
    ended,
    async get(port, path, timeoutMs = ANSWER_MS) {
      const at = await published(port);
      return at === undefined ? null : await unlessSilent(host.httpGet({ port: at, path, timeoutMs }));
    },
    async stop(signal, seconds) {
      await docker.stop(name, { signal, timeoutSeconds: seconds });
      return (await ended()) ?? { exitCode: 0, log: '' };
    },
  };
}
