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
  /** Logins by the address of the registry. */
  readonly registries?: Readonly<Record<string, { readonly username: string; readonly password: Secret }>>;
  readonly images: { readonly dashboard?: string; readonly dpManager?: string; readonly gateway?: string };
  readonly database: { readonly dsn: Secret };
  readonly gateway: {
    readonly endpoints: readonly string[];
    readonly group: string;
    readonly auth: GatewayAuth;
    /** A request that every gateway must answer before it is given traffic again. */
    readonly probe?: GatewayProbe;
  };
  /** As in the file, `{address}` not yet replaced: see `bindAddresses`. */
  readonly bind: Readonly<Record<BindPort, readonly string[]>>;
  readonly config: Readonly<Record<'dashboard' | 'dpManager' | 'gateway', Readonly<Record<string, unknown>>>>;
  readonly nofile: number;
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

export type BindPort = 'status' | 'dashboard' | 'dpManager' | 'http' | 'https';

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
