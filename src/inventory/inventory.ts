import type { Secret } from '../core/secret.ts';

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
  /** Merged by precedence; what came by `!env` or `!file` is a `Secret`. */
  readonly vars: Readonly<Record<string, unknown>>;
}

/** What the inventory says of how a host is reached; OpenSSH's configuration and its defaults say the rest. */
export interface SshSettings {
  readonly address: string;
  /** Absolute path of a file in place of OpenSSH's usual configuration, or `none`. */
  readonly config?: string;
  readonly port?: number;
  readonly user?: string;
  /** Absolute path. */
  readonly identityFile?: string;
  /** Absolute path. */
  readonly knownHosts?: string;
  /** `[user@]host[:port]`, several separated by commas, or `none`. */
  readonly jump?: string;
  readonly become?: 'sudo' | 'none';
  readonly connectTimeoutMs?: number;
  readonly password?: Secret;
  readonly becomePassword?: Secret;
}

export interface Api7Settings {
  /** Without "v": `3.10.5`. */
  readonly version: string;
  /** Absolute paths of the offline archives; excludes `registry`. */
  readonly package?: { readonly controlPlane: string; readonly dataPlane: string };
  /** `host[:port][/path]`; with neither this nor a package, images come from docker.io. */
  readonly registry?: string;
  readonly images: { readonly dashboard?: string; readonly dpManager?: string; readonly gateway?: string };
  readonly database: { readonly dsn: Secret };
  readonly gateway: {
    readonly endpoints: readonly string[];
    readonly group: string;
    readonly auth: GatewayAuth;
  };
  /** As in the file, `{address}` not yet replaced: see `bindAddresses`. */
  readonly bind: Readonly<Record<BindPort, readonly string[]>>;
  readonly config: Readonly<Record<'dashboard' | 'dpManager' | 'gateway', Readonly<Record<string, unknown>>>>;
  readonly nofile: number;
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

export type LoadBalancerSettings =
  | {
      readonly driver: 'haproxy';
      readonly name: string;
      /** Names of the hosts that run it. */
      readonly hosts: readonly string[];
      readonly socket: string;
      /** Names of the hosts that it balances. */
      readonly members: readonly string[];
      readonly port: number;
    }
  | { readonly driver: 'none'; readonly name: string; readonly members: readonly string[]; readonly reason: string };
