/** What a container is created from, in the Engine's own words. */

export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** Log driver of a container, with its options. */
export interface LogConfig {
  readonly Type: string;
  readonly Config: Readonly<Record<string, string>>;
}

export interface RestartPolicy {
  readonly Name: string;
  readonly MaximumRetryCount?: number;
}

/** Body of `POST /containers/create`. */
export interface ContainerCreate {
  readonly Image: string;
  readonly Hostname?: string;
  readonly Env?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly StopSignal?: string;
  readonly StopTimeout?: number;
  readonly HostConfig: {
    readonly NetworkMode?: string;
    readonly LogConfig?: LogConfig;
    readonly Memory?: number;
    readonly NanoCpus?: number;
    readonly ExtraHosts?: readonly string[];
    readonly Dns?: readonly string[];
    readonly RestartPolicy: RestartPolicy;
    readonly PortBindings?: Readonly<Record<string, readonly PortBinding[]>>;
    readonly Ulimits?: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
    readonly Mounts?: readonly {
      readonly Type: 'bind';
      readonly Source: string;
      readonly Target: string;
      readonly ReadOnly: boolean;
    }[];
  };
}
