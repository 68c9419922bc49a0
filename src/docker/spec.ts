import { addressWithPort } from '../core/base/address-text.ts';
import { defined } from '../core/base/data.ts';
import { reveal, type Text } from '../core/base/secret.ts';
import type { ContainerCreate, ContainerInspect, LogConfig, PortBinding } from '../core/host/docker.ts';

export type Mount = { readonly source: string; readonly readOnly: boolean };

/** Options of a log driver that keeps files on the host: size and number of files. */
export type LogOptions = Readonly<Record<string, string>>;

/** The options that can be declared; a daemon may add its own. */
export const LOG_OPTIONS = ['max-size', 'max-file'] as const;

/**
 * A declared container in normalized form: sorted if the Engine has no order. Absent fields are left to the image or
 * the Engine.
 */
export interface ContainerSpec<Value extends Text = Text> {
  /** Image reference for its creation. */
  readonly ref: string;
  readonly hostname?: string;
  readonly env: Readonly<Record<string, Value>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Host addresses by container port: `{ '9080/tcp': ['0.0.0.0:9080'] }`, sorted. */
  readonly ports: Readonly<Record<string, readonly string[]>>;
  /** Bind mounts by path in the container. */
  readonly mounts: Readonly<Record<string, Mount>>;
  readonly restart: string;
  readonly stopSignal?: string;
  readonly stopTimeoutSeconds?: number;
  /** Limit on open files, soft and hard alike. */
  readonly nofile?: number;
  readonly networkMode?: string;
  /** Bytes. */
  readonly memory?: number;
  /** Processors, also fractions. */
  readonly cpus?: number;
  /** Rotation of its log; `off`: the Engine's own. */
  readonly log?: LogOptions | 'off';
  /** Addresses by name, for its /etc/hosts. */
  readonly extraHosts?: Readonly<Record<string, string>>;
  /** Addresses of name servers, in the order of use. */
  readonly dns?: readonly string[];
  readonly command?: readonly string[];
}

function bindingOf(text: string): PortBinding {
  const at = text.lastIndexOf(':');
  return { HostIp: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), HostPort: text.slice(at + 1) };
}

const mapRecord = <A, B>(record: Readonly<Record<string, A>>, to: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));

/** A file or directory of the host in a container. */
export const bindMount = (source: string, target: string, readOnly = true) =>
  ({ Type: 'bind', Source: source, Target: target, ReadOnly: readOnly }) as const;

/** Variables as the Engine takes them. */
export const envList = (env: Readonly<Record<string, Text>>): string[] =>
  Object.entries(env).map(([name, value]) => `${name}=${reveal(value)}`);

/** The Engine counts processors in billionths. */
const BILLION = 1e9;

/**
 * The body of `POST /containers/create` for a declaration. Uses `Mounts`, never `Binds`, which would create a directory
 * for a missing source. Log options are passed separately, because they depend on the Engine.
 */
export function createBody(spec: ContainerSpec, log?: LogConfig): ContainerCreate {
  const { hostname, stopSignal, stopTimeoutSeconds, nofile, networkMode, command } = spec;
  const { memory, cpus, extraHosts, dns } = spec;
  return {
    Image: spec.ref,
    ...defined({ Hostname: hostname }),
    Env: envList(spec.env),
    Labels: { ...spec.labels },
    ...defined({ Cmd: command }),
    ExposedPorts: mapRecord(spec.ports, () => ({})),
    ...defined({ StopSignal: stopSignal, StopTimeout: stopTimeoutSeconds }),
    HostConfig: {
      ...defined({ NetworkMode: networkMode, LogConfig: log, Memory: memory, Dns: dns }),
      ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * BILLION) }),
      ...(extraHosts === undefined ? {} : { ExtraHosts: Object.entries(extraHosts).map(extraHostText) }),
      RestartPolicy: { Name: spec.restart },
      PortBindings: mapRecord(spec.ports, (bindings) => bindings.map(bindingOf)),
      ...(nofile === undefined ? {} : { Ulimits: [{ Name: 'nofile', Soft: nofile, Hard: nofile }] }),
      Mounts: Object.entries(spec.mounts).map(([target, mount]) => bindMount(mount.source, target, mount.readOnly)),
    },
  };
}

const extraHostText = ([name, address]: readonly [string, string]): string => `${name}:${address}`;

/** A container's state in the fields of a declaration. The port does not report `command`. */
export type ObservedSpec = Omit<ContainerSpec<string>, 'command' | 'nofile' | 'networkMode' | 'log'> & {
  /** A text if the soft and the hard limit differ. */
  readonly nofile?: number | string;
  readonly networkMode: string;
  /** Its options that can be declared. */
  readonly log: LogOptions;
};

export function observedSpec({ Config, HostConfig }: ContainerInspect): ObservedSpec {
  const nofile = HostConfig.Ulimits?.find(({ Name }) => Name === 'nofile');
  return {
    ref: Config.Image,
    hostname: Config.Hostname,
    env: Object.fromEntries((Config.Env ?? []).map(splitEnv)),
    labels: Config.Labels ?? {},
    ports: observedPorts(HostConfig.PortBindings ?? {}),
    mounts: Object.fromEntries(
      (HostConfig.Mounts ?? []).map(({ Type, Source, Target, ReadOnly }) => [
        Target,
        { source: Type === 'bind' ? Source : `${Type}:${Source}`, readOnly: ReadOnly ?? false },
      ]),
    ),
    // Without a policy older Engines report "".
    restart: HostConfig.RestartPolicy.Name || 'no',
    ...defined({ stopSignal: Config.StopSignal, stopTimeoutSeconds: Config.StopTimeout }),
    ...(nofile === undefined
      ? {}
      : { nofile: nofile.Soft === nofile.Hard ? nofile.Soft : `${nofile.Soft}:${nofile.Hard}` }),
    // Two names of the same network.
    networkMode: HostConfig.NetworkMode === 'default' ? 'bridge' : HostConfig.NetworkMode,
    ...(HostConfig.Memory ? { memory: HostConfig.Memory } : {}),
    ...(HostConfig.NanoCpus ? { cpus: HostConfig.NanoCpus / BILLION } : {}),
    log: Object.fromEntries(
      Object.entries(HostConfig.LogConfig?.Config ?? {}).filter(([name]) => LOG_OPTIONS.some((one) => one === name)),
    ),
    ...(HostConfig.ExtraHosts?.length ? { extraHosts: observedHosts(HostConfig.ExtraHosts) } : {}),
    ...(HostConfig.Dns?.length ? { dns: HostConfig.Dns } : {}),
  };
}

/** An address may contain colons: the name ends at the first one. */
const observedHosts = (entries: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    entries.map((entry) => {
      const [, name = entry, address = ''] = /^([^:=]+)[:=](.*)$/s.exec(entry) ?? [];
      return [name, address];
    }),
  );

function splitEnv(entry: string): readonly [name: string, value: string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

const observedPorts = (bindings: Readonly<Record<string, readonly PortBinding[] | null>>): ContainerSpec['ports'] =>
  Object.fromEntries(
    Object.entries(bindings)
      .filter(([, hosts]) => hosts !== null && hosts.length > 0)
      // A published port without an address has an empty one: all addresses.
      .map(([port, hosts]) => [
        port,
        (hosts ?? []).map(({ HostIp, HostPort }) => addressWithPort(HostIp || '0.0.0.0', HostPort)).sort(),
      ]),
  );

/** The body that recreates an own container without changes. Leaves out settings that api7-orch never declares. */
export function sameAgain({ Config, HostConfig }: ContainerInspect, ref: string): ContainerCreate {
  const { NetworkMode, RestartPolicy, PortBindings, Ulimits, Mounts } = HostConfig;
  const { LogConfig: log, Memory, NanoCpus, ExtraHosts, Dns } = HostConfig;
  const ports = observedPorts(PortBindings ?? {});
  return {
    Image: ref,
    Hostname: Config.Hostname,
    Env: Config.Env ?? [],
    Labels: Config.Labels ?? {},
    ...(Config.Cmd == null ? {} : { Cmd: Config.Cmd }),
    ExposedPorts: mapRecord(ports, () => ({})),
    ...defined({ StopSignal: Config.StopSignal, StopTimeout: Config.StopTimeout }),
    HostConfig: {
      NetworkMode,
      // Absent if nothing is set, as in records of earlier releases.
      ...(log?.Config && Object.keys(log.Config).length > 0
        ? { LogConfig: { Type: log.Type, Config: log.Config } }
        : {}),
      ...(Memory ? { Memory } : {}),
      ...(NanoCpus ? { NanoCpus } : {}),
      ...(ExtraHosts?.length ? { ExtraHosts } : {}),
      ...(Dns?.length ? { Dns } : {}),
      RestartPolicy: { Name: RestartPolicy.Name || 'no' },
      PortBindings: mapRecord(ports, (bindings) => bindings.map(bindingOf)),
      Ulimits: Ulimits ?? [],
      Mounts: (Mounts ?? []).flatMap(({ Type, Source, Target, ReadOnly }) =>
        Type === 'bind' ? [{ Type, Source, Target, ReadOnly: ReadOnly ?? false }] : [],
      ),
    },
  };
}
