import type { Secret } from '../core/base/secret.ts';
import type { HttpLogin, HttpTls } from '../core/host/connection.ts';
import type { SshSettings } from '../core/host/ssh-settings.ts';
import type { DriverFields } from './schema/load-balancers.ts';

/** A loaded inventory: resolved and checked, without any connection. */
export interface Inventory {
  /** Absolute path of the file. */
  readonly file: string;
  /** Its directory, absolute. */
  readonly dir: string;
  readonly cluster: string;
  /** By name, in the order of the file. */
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  /** Each group with the names of all its hosts, children included, in the order of the file. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly api7: Api7Settings;
  /** By name, in the order of the file; at least one. Each host of `data_plane` is in exactly one of them. */
  readonly gatewayGroups: ReadonlyMap<string, GatewayGroup>;
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerSettings>;
}

export interface InventoryHost {
  readonly name: string;
  /** Address for cluster members and load balancers. */
  readonly address: string;
  readonly ssh: SshSettings;
  readonly zone?: string;
  /** Instance id of its gateway; undefined: it is made of names. */
  readonly uid?: string;
  /** Names of all groups of the host, directly or through a child, parents first. */
  readonly groups: readonly string[];
  /** Merged by precedence; a value from `!file`, or from `!env` under a secret's name, is a `Secret`. */
  readonly vars: Readonly<Record<string, unknown>>;
}

export interface Api7Settings {
  /** Without "v": `3.10.5`. */
  readonly version: string;
  /** Absolute paths of the offline archives, and their required digests; excludes `registry`. */
  readonly package?: {
    readonly controlPlane: string;
    readonly dataPlane: string;
    readonly sha256: { readonly controlPlane?: string; readonly dataPlane?: string };
  };
  /** `host[:port][/path]`; without this and without a package, images come from docker.io. */
  readonly registry?: string;
  /** By the registry's address in image references. */
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  /** Concurrent image pulls on all hosts together. */
  readonly pulls: number;
  readonly images: { readonly dashboard?: string; readonly dpManager?: string; readonly gateway?: string };
  /** `rootCert`: PEM, for a DSN that names its mount path. */
  readonly database: { readonly dsn: Secret; readonly rootCert?: string };
  readonly prometheus?: PrometheusSettings;
  readonly dashboard: ControlPlaneSettings;
  readonly dpManager: ControlPlaneSettings;
  readonly nofile: number;
}

/** A port of a service, and its published form on the host. */
export interface ServicePort {
  readonly name: 'http' | 'https' | 'status' | 'stream';
  readonly protocol: 'tcp' | 'udp';
  /** Port inside the container. */
  readonly container: number;
  /** Port on the host, for balancers and clients. */
  readonly host: number;
  /** Addresses of the host as in the file: `{address}` is not replaced yet, see `addressesOf`. */
  readonly addresses: readonly string[];
}

/** Settings of the dashboard or of DP Manager. */
export interface ControlPlaneSettings {
  readonly ports: readonly ServicePort[];
  /** Its own certificate, PEM; undefined: the image's own. */
  readonly tls?: { readonly cert: string; readonly key: Secret };
  /** Merged into its configuration file. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly container: ContainerSettings;
}

/** A gateway group of API7: its gateways share configuration, ports and the connection to the control plane. */
export interface GatewayGroup {
  /** Its name in the inventory. */
  readonly name: string;
  /** Pattern of its hosts. */
  readonly pattern: string;
  /** Names of its hosts, in the order of the inventory. */
  readonly hosts: readonly string[];
  /** The group's short id in API7. */
  readonly group: string;
  /** DP Manager's addresses for its gateways. */
  readonly endpoints: readonly string[];
  readonly auth: GatewayAuth;
  /** Hosts with their own login. */
  readonly authByHost: ReadonlyMap<string, GatewayAuth>;
  /** A request that each gateway must answer before it is restored. */
  readonly probe?: GatewayProbe;
  readonly ports: readonly ServicePort[];
  /** Merged into the gateways' configuration file. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly container: ContainerSettings;
}

/**
 * The user's settings of a container. Absent ones are left to Docker and the image, except the log: see the task
 * `container`.
 */
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
  readonly basicAuth?: HttpLogin;
  readonly tls?: HttpTls;
}

/** How hosts pull from a registry. User and password come together. */
export interface RegistrySettings {
  readonly username?: string;
  readonly password?: Secret;
  /** `host[:port][/path]`, tried in this order before the registry itself. */
  readonly mirrors?: readonly string[];
}

/** Sent to the gateway's HTTP port on its own host. */
interface GatewayProbe {
  readonly path: string;
  /** The Host header. */
  readonly host: string;
  /** Expected status of the response. */
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

/** A pool of members, and its balancers: all `hosts` of a pool serve the same members. */
export type LoadBalancerSettings = (ManagedPool & DriverFields) | UnmanagedPool;

/** Settings of every managed pool. */
export interface ManagedPool {
  readonly name: string;
  /** Names of the hosts that run it. */
  readonly hosts: readonly string[];
  /** Names of its member hosts. */
  readonly members: readonly string[];
  /** Port of the members. */
  readonly port: number;
  /** The longest legitimate request, in milliseconds. */
  readonly longestRequestMs: number;
  readonly drain: DrainSettings;
  /** Client ports; undefined: not declared. */
  readonly dataPorts?: readonly number[];
  /** Declared health checks of the balancer; undefined: what the driver reads or assumes. */
  readonly check?: { readonly everyMs: number; readonly fall: number; readonly rise: number };
  /** Which time limits are set in the file; the others are defaults. */
  readonly declared: { readonly longestRequest: boolean; readonly within: boolean };
}

export interface DrainSettings {
  /** Milliseconds until a drain has failed. */
  readonly withinMs: number;
  /**
   * What follows: `abort` restores the node and ends the run; `hold` asks; `quit_tail` stops the node once its
   * balancers have shown no new sessions for `quietMs`, and leaves the rest to its graceful stop.
   */
  readonly onTimeout: 'abort' | 'hold' | 'quit_tail';
  /** Milliseconds; used with `quit_tail` only. */
  readonly quietMs: number;
}

/** A pool with `driver: none`. */
export interface UnmanagedPool {
  readonly driver: 'none';
  readonly name: string;
  readonly members: readonly string[];
  readonly port?: number;
  /** The reason, which is recorded whenever a check of the balancer is skipped. */
  readonly reason: string;
}
