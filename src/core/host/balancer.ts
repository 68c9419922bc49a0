import type { OrchError } from '../base/errors.ts';
import type { Connection, Reader } from './connection.ts';

/** A node as a balancer knows it. One node may be a member on several ports and in several backends. */
export interface Member {
  /** Name of the host in the inventory. */
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

/**
 * How a balancer treats one server. `up`: in service. `starting`: gets some requests, but is not confirmed (slow start,
 * or no check since the restore). `down`: its checks failed. `drained` and `maintenance`: set by a command.
 */
export type ServerState = 'up' | 'starting' | 'down' | 'drained' | 'maintenance';

export interface ServerView {
  /** The balancer's name of it: `gateways/gw-1`. */
  readonly name: string;
  readonly state: ServerState;
  /** Current requests and connections; `null` if the balancer does not report them. */
  readonly sessions: number | null;
  /** The setting to restore after a drain, in the driver's own words: `{ admin: '0', weight: '100' }`. */
  readonly setting: Readonly<Record<string, string>>;
  /** Set if a drain alone leaves some requests (cookies, stick tables): the server then needs maintenance as well. */
  readonly sticky: boolean;
  /**
   * In maintenance by a command for this very server; a drain alone never sets it. Absent if the balancer does not
   * report it.
   */
  readonly closed?: boolean;
  /** Minimum milliseconds in this state; absent if the balancer does not report it. */
  readonly sinceMs?: number;
  /** Milliseconds since its last new request; absent if the balancer does not report it. */
  readonly quietMs?: number;
  /** Result of its last health check. `none`: no check is configured, so `up` means little. */
  readonly check?: 'passed' | 'failed' | 'pending' | 'none';
  /** Set on a server that is down while its whole backend is out of service: drains of others do not change that. */
  readonly backendDown?: true;
  /** The server that it tracks, if that server's state is the only reason why this one is out of service. */
  readonly inherits?: string;
}

/** A drain's record, stored on the balancer's host until the restore. */
export interface Lease {
  readonly node: string;
  /** Settings before the drain, by server name. */
  readonly before: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Who: `user@controller`. */
  readonly by: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly reason: string;
  /**
   * `hand`: an operator drained it (`lb drain`), and only an operator restores it. `run`: the run that completes the
   * node restores it.
   */
  readonly kind: 'hand' | 'run';
  /** Servers that were drained externally before: the restore leaves them drained. */
  readonly held: readonly string[];
  /** Servers that api7-orch put into maintenance; absent in leases of earlier versions. */
  readonly closed?: readonly string[];
  /** Id of the run that works on the node; absent with kind `hand`, and in leases of earlier versions. */
  readonly run?: string;
  /** Servers that failed their health checks before the drain, while another server of the node was in service. */
  readonly down?: readonly string[];
  /** ISO time when the restore of the settings began. The lease is deleted when it is complete. */
  readonly restoring?: string;
  /**
   * ISO time since when the node has all of its traffic again, with its soak not passed yet. This is no drain. If the
   * run is killed, the next run learns from it that the changed node must still be soaked.
   */
  readonly soaking?: string;
  /** The `soaking` of the mark that the node had before this drain: a restore without a soak writes it back. */
  readonly soakDue?: string;
}

/** One balancer's view of one member. At least one server: an unknown member is an error. */
export interface BalancerView {
  readonly servers: readonly ServerView[];
  /** Changes when the balancer's process is replaced or reloaded: runtime settings may be lost then. */
  readonly epoch: string;
  /** Milliseconds since this process started; absent if the balancer does not report it. */
  readonly runningMs?: number;
}

/** All that one balancer's host knows of one member. */
export interface MemberView extends BalancerView {
  readonly lease: Lease | null;
  /** Set on a restored node that has not passed its soak. `lease` is `null` then. */
  readonly soaking?: Lease;
  /** Hex sha256 of the lease file, compared before the lease is changed; `null`: there is no file. */
  readonly leaseDigest: string | null;
  /** Servers that are externally drained; with a lease: drained before it, or put into maintenance since. */
  readonly held: readonly string[];
}

/** Totals since the balancer's process started. */
export interface Counters {
  readonly requests: number;
  readonly status4xx: number;
  readonly status5xx: number;
  readonly connectErrors: number;
  readonly responseErrors: number;
  readonly epoch: string;
}

/** What a driver can report. For the rest, other sources are used and named. */
interface Shows {
  readonly sessions: boolean;
  readonly up: boolean;
  readonly counters: boolean;
  readonly reload: boolean;
}

/** A server of the balancer with a member's address, but another port. */
export interface OtherPort {
  /** Backend or upstream, and its server: `web_tls/gw-1`. */
  readonly name: string;
  readonly port: number;
}

/** Health-check timing of a balancer for a member. */
export interface CheckTiming {
  readonly everyMs: number;
  readonly fall: number;
  readonly rise: number;
  /** Milliseconds of slow start; 0: none. */
  readonly slowstartMs: number;
  /** Timeout of one check in milliseconds; absent: the check interval. */
  readonly timeoutMs?: number;
  readonly source: 'read' | 'declared' | 'assumed';
  /** Source: `lb-1:/etc/haproxy/haproxy.cfg`. */
  readonly from: string;
}

/**
 * One balancer process: a driver bound to a pool and to the host that runs the process. No method waits, and each call
 * may be repeated.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN when no server has the member's address and port; LB_UNREACHABLE (retryable);
 *   LB_INVALID_REPLY
 */
export interface Balancer {
  /** `gateways on lb-1`; unique. */
  readonly name: string;
  readonly pool: string;
  /** Name of the inventory host that runs it. */
  readonly host: string;
  readonly shows: Shows;
  /** Reads the member. Leases are not the driver's concern. */
  view(host: Reader, member: Member): Promise<BalancerView>;
  /**
   * `drained`: no new requests. `closed`: none at all, sticky ones included. A map: the settings to restore, by server.
   */
  set(host: Connection, member: Member, to: 'drained' | 'closed' | Lease['before']): Promise<void>;
  /**
   * The setting that gives a server a percentage of the traffic that `before` gave it; undefined: the setting cannot be
   * divided so. Absent if the driver cannot give a server a part of its traffic.
   */
  partOf?(before: ServerView['setting'], percent: number): ServerView['setting'] | undefined;
  timing(host: Reader, member: Member): Promise<CheckTiming>;
  /**
   * Why the balancer can be read but not changed; undefined: it can be changed, or the driver does not know beforehand.
   */
  readOnly?(host: Reader): Promise<OrchError | undefined>;
  /**
   * Why a reload of the balancer forgets drains, and the fix; undefined: it keeps them, or the driver does not know.
   */
  forgetsDrains?(host: Reader, member: Member): Promise<string | undefined>;
  /** Servers with the member's address on other ports: a drain of the member does not stop their requests. */
  otherPorts?(host: Reader, member: Member): Promise<readonly OtherPort[]>;
  /** Files that `set` writes under a temporary name beside them: `lb doctor` finds what a killed run left there. */
  readonly files?: readonly string[];
  /**
   * How an operator ends the drain of servers without api7-orch, as the end of a sentence: `on lb-1 remove "down" from
   * gateways/gw-1`. Absent: it is only known which servers to restore.
   */
  byHand?(servers: readonly string[]): string;
  /** `null` if the driver does not count. */
  counters(host: Reader, member: Member): Promise<Counters | null>;
}
