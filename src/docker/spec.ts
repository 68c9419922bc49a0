import { defined } from '../core/base/data.ts';
import { reveal, type Text } from '../core/base/secret.ts';
import type { ContainerCreate, ContainerInspect, PortBinding } from '../core/host/docker.ts';

export interface Mount {
  readonly source: string;
  readonly readOnly: boolean;
}

/**
 * A container as we state it: a plain shape without order where the Engine has none. What is absent is left to the
 * image or the Engine.
 */
export interface ContainerSpec<Value extends Text = Text> {
  /** Image reference that it is created from. */
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
  readonly command?: readonly string[];
}

/** `0.0.0.0:9080`, `[::1]:9080`. */
export const bindingText = (address: string, port: number | string): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`;

function bindingOf(text: string): PortBinding {
  const at = text.lastIndexOf(':');
  return { HostIp: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), HostPort: text.slice(at + 1) };
}

const mapRecord = <A, B>(record: Readonly<Record<string, A>>, to: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));

/**
 * The body of `POST /containers/create` for a spec. Mounts go by `Mounts`, never by `Binds`, which would make a
 * directory of a source that is missing.
 */
export function createBody(spec: ContainerSpec): ContainerCreate {
  const { hostname, stopSignal, stopTimeoutSeconds, nofile, networkMode, command } = spec;
  return {
    Image: spec.ref,
    ...defined({ Hostname: hostname }),
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${reveal(value)}`),
    Labels: { ...spec.labels },
    ...defined({ Cmd: command }),
    ExposedPorts: mapRecord(spec.ports, () => ({})),
    ...defined({ StopSignal: stopSignal, StopTimeout: stopTimeoutSeconds }),
    HostConfig: {
      ...defined({ NetworkMode: networkMode }),
      RestartPolicy: { Name: spec.restart },
      PortBindings: mapRecord(spec.ports, (bindings) => bindings.map(bindingOf)),
      ...(nofile === undefined ? {} : { Ulimits: [{ Name: 'nofile', Soft: nofile, Hard: nofile }] }),
      Mounts: Object.entries(spec.mounts).map(([target, { source, readOnly }]) => ({
        Type: 'bind' as const,
        Source: source,
        Target: target,
        ReadOnly: readOnly,
      })),
    },
  };
}

/** What a container is, in the words of a spec. `command` is not among what the port shows of a container. */
export type ObservedSpec = Omit<ContainerSpec<string>, 'command' | 'nofile' | 'networkMode'> & {
  /** A text where soft and hard differ. */
  readonly nofile?: number | string;
  readonly networkMode: string;
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
    // Without a policy older Engines say "".
    restart: HostConfig.RestartPolicy.Name || 'no',
    ...defined({ stopSignal: Config.StopSignal, stopTimeoutSeconds: Config.StopTimeout }),
    ...(nofile === undefined
      ? {}
      : { nofile: nofile.Soft === nofile.Hard ? nofile.Soft : `${nofile.Soft}:${nofile.Hard}` }),
    // One network under two names.
    networkMode: HostConfig.NetworkMode === 'default' ? 'bridge' : HostConfig.NetworkMode,
  };
}

function splitEnv(entry: string): readonly [name: string, value: string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

const observedPorts = (bindings: Readonly<Record<string, readonly PortBinding[] | null>>): ContainerSpec['ports'] =>
  Object.fromEntries(
    Object.entries(bindings)
      .filter(([, hosts]) => hosts !== null && hosts.length > 0)
      // An empty address is how a published port without one is kept: all addresses.
      .map(([port, hosts]) => [
        port,
        (hosts ?? []).map(({ HostIp, HostPort }) => bindingText(HostIp || '0.0.0.0', HostPort)).sort(),
      ]),
  );

/**
 * The body that makes a container of ours once more, exactly as it is. What somebody else may have set that we never
 * state is not among it.
 */
export function sameAgain({ Config, HostConfig }: ContainerInspect, ref: string): ContainerCreate {
  const { NetworkMode, RestartPolicy, PortBindings, Ulimits, Mounts } = HostConfig;
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
      RestartPolicy: { Name: RestartPolicy.Name || 'no' },
      PortBindings: mapRecord(ports, (bindings) => bindings.map(bindingOf)),
      Ulimits: Ulimits ?? [],
      Mounts: (Mounts ?? []).flatMap(({ Type, Source, Target, ReadOnly }) =>
        Type === 'bind' ? [{ Type, Source, Target, ReadOnly: ReadOnly ?? false }] : [],
      ),
    },
  };
}
