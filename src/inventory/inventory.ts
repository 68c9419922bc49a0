import type { Secret } from '../core/base/secret.ts';
import type { SshSettings } from '../core/host/ssh-settings.ts';
import type { DriverFields } from './schema/load-balancers.ts';

/** A loaded inventory: everything resolved and checked, nothing has been connected to. */
export interface Inventory {
  /** Absolute path of the file. */
  readonly file: string;
  /** Its directory, absolute. */
  readonly dir: string;
  readonly cluster: string;
  /** By name, in the order of the file. */
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  /** Every group with the names of all hosts in it and in its children, in the order of the file. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly api7: Api7Settings;
  /** By name, in the order of the file; at least one. A host of `data_plane` is in exactly one of them. */
  readonly gatewayGroups: ReadonlyMap<string, GatewayGroup>;
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerSettings>;
}

export interface InventoryHost {
  readonly name: string;
  /** Where cluster members and load balancers reach the host. */
  readonly address: string;
  readonly ssh: SshSettings;
  readonly zone?: string;
  /** Names of all groups that hold the host, directly or through a child, parents first. */
  readonly groups: readonly string[];
  /** Merged by precedence; what came by `!file`, or by `!env` at a place that names a secret, is a `Secret`. */
  readonly vars: Readonly<Record<string, unknown>>;
}

export interface Api7Settings {
  /** Without "v": `3.10.5`. */
  readonly version: string;
  /** Absolute paths of the offline archives, and the digests that they must have; excludes `registry`. */
  readonly package?: {
    readonly controlPlane: string;
    readonly dataPlane: string;
    readonly sha256: { readonly controlPlane?: string; readonly dataPlane?: string };
  };
  /** `host[:port][/path]`; with neither this nor a package, images come from docker.io. */
  readonly registry?: string;
  /** By address of the registry, as images name it. */
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  /** Image pulls at once, on all hosts together. */
  readonly pulls: number;
  readonly images: { readonly dashboard?: string; readonly dpManager?: string; readonly gateway?: string };
  /** `rootCert`: PEM, for a DSN that names the path at which it is mounted. */
  readonly database: { readonly dsn: Secret; readonly rootCert?: string };
  readonly prometheus?: PrometheusSettings;
  readonly dashboard: ControlPlaneSettings;
  readonly dpManager: ControlPlaneSettings;
  readonly nofile: number;
}

/** A port of a service, and where its host publishes it. */
export interface ServicePort {
  readonly name: 'http' | 'https' | 'status' | 'stream';
  readonly protocol: 'tcp' | 'udp';
  /** Inside the container. */
  readonly container: number;
  /** On the host: what balancers and clients know. */
  readonly host: number;
  /** Addresses of the host, as in the file: `{address}` is not yet replaced, see `addressesOf`. */
  readonly addresses: readonly string[];
}

/** Settings of the dashboard or of DP Manager. */
export interface ControlPlaneSettings {
  readonly ports: readonly ServicePort[];
  /** Its own certificate, PEM; undefined: the one that it brings with it. */
  readonly tls?: { readonly cert: string; readonly key: Secret };
  /** Merged into its configuration file. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly container: ContainerSettings;
}

/** A gateway group of API7: its gateways have their configuration, their ports and their way to the control plane in common. */
export interface GatewayGroup {
  /** As the inventory calls it. */
  readonly name: string;
  /** Pattern of its hosts. */
  readonly pattern: string;
  /** Names of its hosts, in the order of the inventory. */
  readonly hosts: readonly string[];
  /** The group's short id in API7. */
  readonly group: string;
  /** Where its gateways reach DP Manager. */
  readonly endpoints: readonly string[];
  readonly auth: GatewayAuth;
  /** Hosts that have a login of their own. */
  readonly authByHost: ReadonlyMap<string, GatewayAuth>;
  /** A request that every gateway must answer before it is given traffic again. */
  readonly probe?: GatewayProbe;
  readonly ports: readonly ServicePort[];
  /** Merged into the gateways' configuration file. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly container: ContainerSettings;
}

/** What users set of a container. What is absent is left to Docker and to the image, but the log: see the task `container`. */
export interface ContainerSettings {
  readonly env: Readonly<Record<string, string | Secret>>;
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
  /** Bytes. */
  readonly memory?: number;
  readonly cpus?: number;
  readonly log?: 'off' | { readonly maxSize: string; readonly maxFile: number };
  readonly labels: Readonly<Record<string, string>>;
  /** IP addresses by name. */
  readonly extraHosts: Readonly<Record<string, string>>;
  readonly dns: readonly string[];
}

export interface PrometheusSettings {
  /** `http://10.0.4.1:9090`. */
  readonly addr: string;
  readonly basicAuth?: { readonly username: string; readonly password: Secret };
  /** PEM each. */
  readonly tls?: {
    readonly ca?: string;
    readonly client?: { readonly cert: string; readonly key: Secret };
    readonly serverName?: string;
  };
}

/** How hosts pull from a registry. User and password are given together. */
export interface RegistrySettings {
  readonly username?: string;
  readonly password?: Secret;
  /** `host[:port][/path]`, in the order in which they are tried before the registry itself. */
  readonly mirrors?: readonly string[];
}

/** Sent to the gateway's HTTP port on its own host. */
export interface GatewayProbe {
  readonly path: string;
  /** The Host header. */
  readonly host: string;
  /** Expected status of the answer. */
  readonly status: number;
}

export type GatewayAuth =
  | { readonly kind: 'token'; readonly token: Secret }
  | {
      readonly kind: 'certificate';
      readonly cert: string;
      readonly key: Secret;
      readonly ca: string;
      readonly sni: string;
    };

/** A pool of members, and the balancers in front of it: all `hosts` of a pool serve the same members. */
export type LoadBalancerSettings = (ManagedPool & DriverFields) | UnmanagedPool;

/** What holds for every pool whose balancers are spoken to. */
export interface ManagedPool {
  readonly name: string;
  /** Names of the hosts that run it. */
  readonly hosts: readonly string[];
  /** Names of the hosts that it balances. */
  readonly members: readonly string[];
  /** Port of the members. */
  readonly port: number;
  /** The longest that a request may rightly take, milliseconds. */
  readonly longestRequestMs: number;
  readonly drain: DrainSettings;
  /** Where clients reach it; undefined: nobody says. */
  readonly dataPorts?: readonly number[];
  /** Health checks of the balancer as the inventory declares them; undefined: what the driver reads or assumes. */
  readonly check?: { readonly everyMs: number; readonly fall: number; readonly rise: number };
  /** Which of the time limits stand in the file; the others are defaults. */
  readonly declared: { readonly longestRequest: boolean; readonly within: boolean };
}

export interface DrainSettings {
  /** Milliseconds until a drain that has not emptied a node has failed. */
  readonly withinMs: number;
  /**
   * Then: `abort` gives the node back and ends the run; `hold` asks; `quit_tail` stops the node once its balancers have
   * shown no new sessions for `quietMs`, and leaves the rest to its own graceful stop.
   */
  readonly onTimeout: 'abort' | 'hold' | 'quit_tail';
  /** Milliseconds; matters with `quit_tail` only. */
  readonly quietMs: number;
}

/** A balancer that nobody here can speak to. */
export interface UnmanagedPool {
  readonly driver: 'none';
  readonly name: string;
  readonly members: readonly string[];
  readonly port?: number;
  /** Why; it is the waiver that is recorded wherever a look at the balancer is left out. */
  readonly reason: string;
}
