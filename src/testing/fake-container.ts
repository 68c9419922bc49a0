import { defined } from '../core/base/data.ts';
import type { ContainerCreate, ContainerInspect, ContainerSummary, LogConfig } from '../core/host/docker.ts';
import { addressesOverlap } from '../docker/address-overlap.ts';
import { engineError } from '../docker/engine-error.ts';
import { LOG_OPTIONS } from '../docker/spec.ts';

/** A fake Engine's state of one container. */
export interface FakeContainer {
  readonly id: string;
  readonly imageId: string;
  body: ContainerCreate;
  readonly imageEnv: readonly string[];
  /** Log driver and options of the Engine's daemon when it was created. */
  readonly daemonLog: LogConfig;
  name: string;
  /** `restarting`: its process has ended, and its restart policy will start it again. `removing`: a removal is under way. */
  status: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead' | 'removing';
  pid: number;
  exitCode: number;
  oomKilled: boolean;
  restartCount: number;
  startedAt: string;
  /** Mounted files as the running process sees them, by path in the container. */
  seen: Map<string, string>;
  /** Files of its own file system, by path. */
  readonly own: Map<string, string>;
  log: string;
}

/** How a process ended, with its output. */
export interface FakeEnd {
  readonly exitCode: number;
  readonly log: string;
}

const NEVER = '0001-01-01T00:00:00Z';

export const newFakeContainer = (
  parts: Pick<FakeContainer, 'id' | 'imageId' | 'body' | 'imageEnv' | 'daemonLog' | 'name'>,
): FakeContainer => ({
  ...parts,
  status: 'created',
  pid: 0,
  exitCode: 0,
  oomKilled: false,
  restartCount: 0,
  startedAt: NEVER,
  seen: new Map(),
  own: new Map(),
  log: '',
});

/** Declared variables merged over the image's, as the Engine does. */
function environment({ body, imageEnv }: FakeContainer): readonly string[] {
  const nameOf = (entry: string): string => entry.split('=')[0] ?? '';
  const declared = body.Env ?? [];
  const names = new Set(declared.map(nameOf));
  return [...declared, ...imageEnv.filter((entry) => !names.has(nameOf(entry)))];
}

/** The container in the Engine's form, with the fields that the Engine fills in. */
export function inspectFake(container: FakeContainer): ContainerInspect {
  const { body, id, name, imageId, status, pid, exitCode, oomKilled, restartCount, startedAt } = container;
  const { HostConfig: host } = body;
  return {
    Id: id,
    Name: `/${name}`,
    Image: imageId,
    RestartCount: restartCount,
    State: {
      // The Engine shows a restarting container (without a process) and a paused one (frozen) as running.
      Running: status === 'running' || status === 'paused' || status === 'restarting',
      Status: status,
      Pid: pid,
      ExitCode: exitCode,
      OOMKilled: oomKilled,
      Error: '',
      StartedAt: startedAt,
    },
    Config: {
      Image: body.Image,
      Hostname: body.Hostname ?? id.slice(0, 12),
      Env: environment(container),
      Labels: body.Labels ?? {},
      Cmd: body.Cmd ?? null,
      ...defined({ StopSignal: body.StopSignal, StopTimeout: body.StopTimeout }),
    },
    HostConfig: {
      ...host,
      NetworkMode: host.NetworkMode ?? 'default',
      LogConfig: logConfig(container),
      RestartPolicy: { MaximumRetryCount: 0, ...host.RestartPolicy },
      PortBindings: host.PortBindings ?? {},
      Ulimits: host.Ulimits ?? [],
      Mounts: host.Mounts ?? [],
    },
  };
}

/** The daemon's options apply to its own driver, below those of the container. */
function logConfig({ body, daemonLog }: FakeContainer): LogConfig {
  const { Type, Config } = body.HostConfig.LogConfig ?? daemonLog;
  return { Type, Config: Type === daemonLog.Type ? { ...daemonLog.Config, ...Config } : Config };
}

/** The container's mounted files at present. */
const seenFiles = ({ body }: FakeContainer, read: (path: string) => string | null): Map<string, string> =>
  new Map(
    (body.HostConfig.Mounts ?? []).flatMap(({ Source, Target }): [string, string][] => {
      const text = read(Source);
      return text === null ? [] : [[Target, text]];
    }),
  );

export interface FakePort {
  readonly IP: string;
  readonly PrivatePort: number;
  readonly PublicPort: number;
  readonly Type: string;
}

const FIRST_FREE_PORT = 32_768;
const FREE_PORTS = 20_000;
const PORTS_EACH = 10;

/** Host ports that it holds: only a container with a process holds some. */
function publishedPorts({ body, status, pid }: FakeContainer): readonly FakePort[] {
  if (status !== 'running' && status !== 'paused') return [];
  return Object.entries(body.HostConfig.PortBindings ?? {}).flatMap(([key, bindings], at) => {
    const [port, Type = 'tcp'] = key.split('/');
    return bindings.map(({ HostIp, HostPort }) => ({
      IP: HostIp || '0.0.0.0',
      PrivatePort: Number(port),
      // Without a host port the Engine picks a free one.
      PublicPort: Number(HostPort) || FIRST_FREE_PORT + ((pid * PORTS_EACH) % FREE_PORTS) + at,
      Type,
    }));
  });
}

export const summarizeFake = (container: FakeContainer): ContainerSummary => ({
  Id: container.id,
  Names: [`/${container.name}`],
  Image: container.body.Image,
  State: container.status,
  Labels: container.body.Labels ?? {},
  Ports: publishedPorts(container),
});

/** Like the Engine at a start. @throws OrchError PORT_TAKEN when a running container holds one of the ports already */
export function refuseTakenPort(container: FakeContainer, others: readonly FakeContainer[]): void {
  const held = others.flatMap(publishedPorts);
  const taken = publishedPorts({ ...container, status: 'running' }).find((port) =>
    held.some(
      ({ IP, PublicPort, Type }) =>
        PublicPort === port.PublicPort && Type === port.Type && addressesOverlap(IP, port.IP),
    ),
  );
  if (taken === undefined) return;
  const { name } = container;
  throw engineError({
    doing: `start container ${name}`,
    status: 500,
    message: `driver failed programming external connectivity on endpoint ${name}: Bind for ${taken.IP}:${taken.PublicPort} failed: port is already allocated`,
  });
}

/** Like the Engine for a name in use. @throws OrchError DOCKER_FAILED */
export function refuseTakenName(name: string, others: readonly FakeContainer[], doing: string): void {
  const holder = others.find((container) => container.name === name);
  if (holder === undefined) return;
  throw engineError({
    doing,
    status: 409,
    message: `Conflict. The container name "/${name}" is already in use by container "${holder.id}".`,
  });
}

/** Whether Docker starts it again after its process has ended with that code. */
const isRestarted = ({ body }: FakeContainer, exitCode: number): boolean => {
  const policy = body.HostConfig.RestartPolicy.Name;
  return policy === 'always' || policy === 'unless-stopped' || (policy === 'on-failure' && exitCode !== 0);
};
/** Starts its process; `count` distinguishes its starts. */
export function beginFake(container: FakeContainer, count: number, read: (path: string) => string | null): void {
  container.status = 'running';
  container.pid = 1000 + count;
  container.exitCode = 0;
  container.oomKilled = false;
  container.startedAt = new Date(count * 1000).toISOString();
  container.seen = seenFiles(container, read);
}

/** Its process ends by itself: Docker starts it again later, if its restart policy requires that. */
export function endProgram(container: FakeContainer, { exitCode, log }: FakeEnd): void {
  container.log = log;
  endFake(container, exitCode);
  if (isRestarted(container, exitCode)) container.status = 'restarting';
}

/** Ends its process. */
export function endFake(container: FakeContainer, exitCode: number): void {
  container.status = 'exited';
  container.pid = 0;
  container.exitCode = exitCode;
  container.seen = new Map();
}

/** Like the Engine if a container's state does not allow the request. @throws OrchError DOCKER_FAILED */
export function refuseState({ name, id, status }: FakeContainer, verb: 'start' | 'remove'): void {
  const doing = `${verb} container ${name}`;
  const refuse = (message: string): never => {
    throw engineError({ doing, status: 409, message });
  };
  if (verb === 'remove') {
    if (['running', 'paused', 'restarting'].includes(status)) refuse(`You cannot remove a ${status} container ${id}`);
    return;
  }
  if (status === 'paused') refuse('cannot start a paused container, try unpause instead');
  if (status === 'removing' || status === 'dead') refuse(`container ${id} is marked for removal and cannot be started`);
}

/** Like the Engine at a creation. @throws OrchError DOCKER_FAILED, MOUNT_MISSING */
export function refuseBody(body: ContainerCreate, doing: string, exists: (path: string) => boolean): void {
  refuseLogOptions(body, doing);
  refuseMissingSource(body, doing, exists);
}

/** Only drivers that keep files rotate them. */
function refuseLogOptions({ HostConfig: { LogConfig } }: ContainerCreate, doing: string): void {
  const option = Object.keys(LogConfig?.Config ?? {}).find((name) => LOG_OPTIONS.some((one) => one === name));
  if (LogConfig === undefined || option === undefined || ['json-file', 'local'].includes(LogConfig.Type)) return;
  throw engineError({ doing, status: 400, message: `unknown log opt '${option}' for ${LogConfig.Type} log driver` });
}

/** A mount does not create a directory for a missing source. */
function refuseMissingSource({ HostConfig }: ContainerCreate, doing: string, exists: (path: string) => boolean): void {
  const missing = HostConfig.Mounts?.find(({ Source }) => !exists(Source));
  if (missing === undefined) return;
  const message = `invalid mount config for type "bind": bind source path does not exist: ${missing.Source}`;
  throw engineError({ doing, status: 400, message });
}
