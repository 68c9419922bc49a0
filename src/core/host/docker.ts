import type { Text } from '../base/secret.ts';
import type { ContainerCreate, PortBinding, RestartPolicy } from './container-create.ts';

export type { ContainerCreate, LogConfig, PortBinding, RestartPolicy } from './container-create.ts';

/**
 * The part of the Docker Engine API (v1.41 names and shapes) that tasks need, as a port. `docker/` implements it over a
 * socket, the fake host in memory. Shapes keep the Engine's field names, so that its reference applies:
 * https://docs.docker.com/reference/api/engine/
 */
export interface ContainerInspect {
  readonly Id: string;
  readonly Name: string;
  /** Id of the image it was created from, as this engine's store reports it. */
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Running: boolean;
    readonly Status: string;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Error: string;
    readonly StartedAt: string;
  };
  readonly Config: {
    readonly Image: string;
    readonly Hostname: string;
    readonly Env: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
    /** Arguments of its entry point; the image's own if none were given. */
    readonly Cmd?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly StopSignal?: string;
    readonly StopTimeout?: number;
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Tty?: boolean;
    /** Paths that get a volume of their own where nothing is mounted at them. */
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly Healthcheck?: Readonly<Record<string, unknown>> | null;
  };
  /** Contains all fields that the Engine reports; api7-orch uses these. */
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly LogConfig?: { readonly Type: string; readonly Config?: Readonly<Record<string, string>> | null };
    /** Bytes; 0: no limit. */
    readonly Memory?: number;
    /** Billionths of a processor; 0: no limit. */
    readonly NanoCpus?: number;
    /** `name:address`. */
    readonly ExtraHosts?: readonly string[] | null;
    readonly Dns?: readonly string[] | null;
    readonly RestartPolicy: RestartPolicy;
    readonly PortBindings: Readonly<Record<string, readonly PortBinding[] | null>> | null;
    readonly Ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[] | null;
    readonly Mounts?:
      | readonly {
          readonly Type: string;
          readonly Source: string;
          readonly Target: string;
          readonly ReadOnly?: boolean;
        }[]
      | null;
    /** What `-v` gave: `source:target:options`. */
    readonly Binds?: readonly string[] | null;
    readonly AutoRemove?: boolean;
    readonly Privileged?: boolean;
    readonly UsernsMode?: string;
  };
  /** All that is mounted, volumes of the image included. */
  readonly Mounts?: readonly MountPoint[] | null;
  readonly NetworkSettings?: {
    readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null;
    readonly Networks?: Readonly<Record<string, unknown>> | null;
  };
}

/** A mount as the Engine resolved it, whether by `Binds`, `Mounts`, or a volume of the image. */
export interface MountPoint {
  /** `bind`, `volume`, `tmpfs`. */
  readonly Type: string;
  /** Of a volume. */
  readonly Name?: string;
  /** On the host. */
  readonly Source: string;
  readonly Destination: string;
  readonly RW: boolean;
}

/** A regular file as it is at a path of a container. */
export interface ContainerFile {
  readonly content: Buffer;
  /** Milliseconds since the epoch, to the second. */
  readonly modifiedMs: number;
}

export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Ports: readonly {
    readonly IP?: string;
    readonly PrivatePort: number;
    readonly PublicPort?: number;
    readonly Type: string;
  }[];
}

/**
 * Whether a container has a process. Between two restarts after a crash the Engine reports `Running` with `Pid` 0.
 *
 * @example hasProcess(await host.docker.container('web')) // false while it is restarting
 */
export const hasProcess = (found: ContainerInspect | null): found is ContainerInspect =>
  found?.State.Running === true && found.State.Pid > 0;

export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Architecture: string;
  /** Bytes on disk. */
  readonly Size?: number;
  readonly Config?: {
    readonly User?: string;
    readonly Env?: readonly string[] | null;
    readonly StopSignal?: string;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly ExposedPorts?: Readonly<Record<string, unknown>> | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly WorkingDir?: string;
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly Healthcheck?: Readonly<Record<string, unknown>> | null;
  } | null;
}

/** The Engine's login to a registry. */
export interface RegistryLogin {
  /** As image references name it: `registry.example.com:5000`, `docker.io`. */
  readonly address: string;
  readonly username: string;
  readonly password: Text;
  /** Identity token of that user, used instead of the password. */
  readonly token?: Text;
  /** Source of the login, for messages. Default: the inventory. */
  readonly from?: string;
}

export interface EngineInfo {
  readonly ServerVersion: string;
  readonly DockerRootDir: string;
  readonly Driver: string;
  /** Log driver of containers that set none. */
  readonly LoggingDriver: string;
  /** Bytes of memory of the host. */
  readonly MemTotal?: number;
  /** `name=userns`, `name=rootless`, `name=seccomp,profile=builtin`. */
  readonly SecurityOptions?: readonly string[];
  /** Podman's own field in its replies to Docker's clients. */
  readonly BuildahVersion?: string;
}

/** What a `Reader` may ask of a host's Engine. Missing objects are `null`, never an error. */
export interface DockerReader {
  /** @throws OrchError DOCKER_NOT_FOUND | DOCKER_DENIED | DOCKER_UNREACHABLE */
  info(): Promise<EngineInfo>;
  container(name: string): Promise<ContainerInspect | null>;
  containers(): Promise<readonly ContainerSummary[]>;
  /**
   * A file of a container, running or not: of its own file system, or what the host has now at the source of a mount. A process
   * may still have an older file there: that one is below `/proc/PID/root`. `null`: no regular file is there.
   *
   * @throws OrchError FILE_TOO_LARGE above 1 MiB
   */
  file(name: string, path: string): Promise<ContainerFile | null>;
  image(ref: string): Promise<ImageInspect | null>;
  /** Last lines of a container's output, both streams; at most the last 64 KiB. */
  logs(name: string, lines: number): Promise<string>;
  /**
   * The current digest of a tag in its registry, as the Engine reads it. Pulls nothing.
   *
   * @throws OrchError REGISTRY_DENIED | IMAGE_PULL_FAILED; DOCKER_FAILED if the Engine cannot ask
   */
  digestOf(ref: string, login?: RegistryLogin): Promise<string>;
}

/** How a container is stopped. */
export interface StopOptions {
  readonly signal: string;
  readonly timeoutSeconds: number;
}

export interface Docker extends DockerReader {
  /** @returns the new container's id */
  create(name: string, body: ContainerCreate): Promise<string>;
  start(name: string): Promise<void>;
  /** Sends `signal`, waits up to `timeoutSeconds`, then kills. A missing or stopped container is no error. */
  stop(name: string, options: StopOptions): Promise<void>;
  /** Sends a signal and does not wait for its effect. A missing or stopped container is no error. */
  signal(name: string, signal: string): Promise<void>;
  /**
   * Waits until a container has ended.
   *
   * @returns its exit code
   * @throws OrchError TIMED_OUT when it has not ended within `timeoutSeconds`
   */
  wait(name: string, timeoutSeconds: number): Promise<number>;
  /** Removes a stopped container and, unless they are kept, its anonymous volumes. A missing container is no error. */
  remove(name: string, options?: { readonly keepVolumes?: boolean }): Promise<void>;
  /** Sets what the Engine does when the container's process ends by itself, or when the host boots. */
  setRestartPolicy(name: string, policy: RestartPolicy): Promise<void>;
  rename(name: string, to: string): Promise<void>;
  /** @throws OrchError REGISTRY_DENIED | IMAGE_PULL_FAILED | DISK_FULL */
  pull(ref: string, login?: RegistryLogin): Promise<void>;
  tag(id: string, ref: string): Promise<void>;
}
