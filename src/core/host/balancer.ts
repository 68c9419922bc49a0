import type { OrchError } from '../base/errors.ts';
import type { Connection, Reader } from './connection.ts';

/** A node as a balancer knows it. One node may stand behind several ports, and in several backends. */
export interface Member {
  /** Name of the host in the inventory. */
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

/**
 * How a balancer treats one server: `up` is in full service; `starting` gets some requests but is not proved (slow start, or
 * no check since it was given back); `down` failed its checks; `drained` and `maintenance` were ordered by somebody.
 */
export type ServerState = 'up' | 'starting' | 'down' | 'drained' | 'maintenance';

export interface ServerView {
  /** As the balancer names it: `gateways/gw-1`. */
  readonly name: string;
  readonly state: ServerState;
  /** Requests and connections that run there now; `null` where the balancer does not tell. */
  readonly sessions: number | null;
  /** What must be given back after a drain, in the driver's own words: `{ admin: '0', weight: '100' }`. */
  readonly setting: Readonly<Record<string, string>>;
  /** Set when drained alone it would still get some requests (cookies, stick tables): it must be closed as well. */
  readonly sticky: boolean;
  /** Closed by an order for this very server, which a drain alone never gives; left out where the balancer does not tell. */
  readonly closed?: boolean;
  /** Milliseconds, at least, that it has been in this state; left out where the balancer does not tell. */
  readonly sinceMs?: number;
  /** Milliseconds since it was last given a request; left out where the balancer does not tell. */
  readonly quietMs?: number;
  /** How its last health check ended. `none`: it is not checked, so its `up` proves nothing. */
  readonly check?: 'passed' | 'failed' | 'pending' | 'none';
  /** Set on one that is down where no server of its backend is in service: it takes no requests, whoever is drained. */
  readonly backendDown?: true;
  /** The server that it follows, where it is out of traffic for no other reason than that that one is. */
  readonly inherits?: string;
}

/** A drain on record, kept on the balancer's host until it is given back. */
export interface Lease {
  readonly node: string;
  /** Settings before the drain, by server. */
  readonly before: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Who: `user@controller`. */
  readonly by: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly reason: string;
  /** `hand`: a person said so (`lb drain`), and only a person gives it back. `run`: whichever run is done with the node. */
  readonly kind: 'hand' | 'run';
  /** Servers that somebody else had taken out before: they are given back as they were, out of traffic. */
  readonly held: readonly string[];
  /** Servers that were then closed by us, too; left out in records of earlier versions, which do not tell. */
  readonly closed?: readonly string[];
  /** The run that works on the node; left out with kind `hand`, and in leases of earlier versions. */
  readonly run?: string;
  /** Servers that failed their health checks before the drain, while another one of the node's was in service. */
  readonly down?: readonly string[];
  /** ISO time since when the settings are being restored: the lease goes as soon as that is done. */
  readonly restoring?: string;
  /**
   * ISO time since when the node has all of its traffic again while its soak has not been passed. It is no drain any more: it tells the
   * next run, should this one be killed, that nobody has seen yet whether the changed node answers well.
   */
  readonly soaking?: string;
}

/** What a balancer itself shows of one member. At least one server: an unknown member is an error. */
export interface BalancerView {
  readonly servers: readonly ServerView[];
  /** Changes when the balancer's process was replaced or reloaded: what was set at runtime may be lost. */
  readonly epoch: string;
  /** Milliseconds that this process has been running; left out where the balancer does not tell. */
  readonly runningMs?: number;
}

/** Everything that is known on a balancer's host of one member. */
export interface MemberView extends BalancerView {
  readonly lease: Lease | null;
  /** Set on a node that is not drained any more and whose soak has not been passed. `lease` is `null` then. */
  readonly soaking?: Lease;
  /** Hex sha256 of the lease's file, which a change of the lease is compared with; `null`: there is no file. */
  readonly leaseDigest: string | null;
  /** Servers that somebody else has taken out; with a lease: had taken out before it, or has closed since. */
  readonly held: readonly string[];
}

/** Totals since the balancer's process began. */
export interface Counters {
  readonly requests: number;
  readonly status4xx: number;
  readonly status5xx: number;
  readonly connectErrors: number;
  readonly responseErrors: number;
  readonly epoch: string;
}

/** What a driver can show. What it cannot is proved otherwise, and said. */
export interface Shows {
  readonly sessions: boolean;
  readonly up: boolean;
  readonly counters: boolean;
  readonly reload: boolean;
}

/** A server of the balancer's that has a member's address, but another port. */
export interface OtherPort {
  /** Backend or upstream, and the server in it: `web_tls/gw-1`. */
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
  /** Longest that one check may take; left out: as long as from one check to the next. */
  readonly timeoutMs?: number;
  readonly source: 'read' | 'declared' | 'assumed';
  /** Where it was read: `lb-1:/etc/haproxy/haproxy.cfg`. */
  readonly from: string;
}

/**
 * One balancer process and how to speak to it: a driver bound to a pool and to the host that runs it. Nothing here waits, and
 * everything may be repeated.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN when no server has the member's address and port; LB_UNREACHABLE (retryable); LB_INVALID_REPLY
 */
export interface Balancer {
  /** `gateways on lb-1`; unique. */
  readonly name: string;
  readonly pool: string;
  /** Host of the inventory that runs it. */
  readonly host: string;
  readonly shows: Shows;
  /** Leases are no affair of a driver's. */
  view(host: Reader, member: Member): Promise<BalancerView>;
  /** `drained`: no new requests. `closed`: none at all, sticky ones included. Else the settings to give back, by server. */
  set(host: Connection, member: Member, to: 'drained' | 'closed' | Lease['before']): Promise<void>;
  /**
   * The setting that gives a server so many percent of the traffic that `before` gave it; undefined: it cannot be divided so. Left
   * out where the driver cannot give a server a part of its traffic.
   */
  partOf?(before: ServerView['setting'], percent: number): ServerView['setting'] | undefined;
  timing(host: Reader, member: Member): Promise<CheckTiming>;
  /** Why the balancer can be read but not changed; undefined: it can, or that cannot be told beforehand. */
  readOnly?(host: Reader): Promise<OrchError | undefined>;
  /** Why a reload of the balancer forgets drains, and what to do; undefined: it keeps them, or that is not known. */
  forgetsDrains?(host: Reader, member: Member): Promise<string | undefined>;
  /** Servers with the member's address on other ports: requests that a drain of the member does not stop. */
  otherPorts?(host: Reader, member: Member): Promise<readonly OtherPort[]>;
  /** `null` where the driver does not count. */
  counters(host: Reader, member: Member): Promise<Counters | null>;
}
