import type { Secret } from '../base/secret.ts';
import type { Docker, DockerReader } from './docker.ts';
import type { HostLock } from './lock.ts';
import type { PostgresLogin, PostgresView } from './postgres.ts';

/** What every host is asked once, with the first batch of reads. */
export interface Facts {
  /** `Debian GNU/Linux 12 (bookworm)`, from /etc/os-release. */
  readonly os: string;
  readonly kernel: string;
  /** As `uname -m` prints it: `x86_64`, `aarch64`. */
  readonly arch: string;
  /** User id that the reads run as: 0 when become works. */
  readonly uid: number;
  /** Milliseconds by which the host's clock is ahead of ours (negative: behind). */
  readonly clockSkewMs: number;
  /** Open files that a container on this host can be given. */
  readonly nofile: number;
  /** The same for two connections only if they lead to one machine; `null` where that is not known. */
  readonly machine: string | null;
}

export interface Stat {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  /** Permission bits as four octal digits: `0640`. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
  readonly group: string;
  /** Bytes. */
  readonly size: number;
}

export interface HttpRequest {
  /** Default 127.0.0.1, as the host itself sees it. */
  readonly address?: string;
  readonly port: number;
  readonly path: string;
  /** The Host header; default address and port. */
  readonly host?: string;
  readonly timeoutMs?: number;
  /** HTTP basic authentication. */
  readonly login?: HttpLogin;
  /** HTTPS. */
  readonly tls?: HttpTls;
}

export interface HttpLogin {
  readonly username: string;
  readonly password: Secret;
}

/** How the controller, which ends TLS itself, trusts the other end, and the other end it. PEM each. */
export interface HttpTls {
  /** Default: the authorities that Node trusts. */
  readonly ca?: string;
  readonly client?: { readonly cert: string; readonly key: Secret };
  /** Name to expect in the certificate; default the address. */
  readonly serverName?: string;
}

export interface HttpReply {
  readonly status: number;
  /** At most 64 KiB. */
  readonly body: string;
}

/** A command: words that reach the program as they are, or a script for `sh`. */
export type Command = { readonly argv: readonly string[] } | { readonly script: string };

export interface RunOptions {
  readonly stdin?: string | Uint8Array | Secret;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | Secret>>;
  /** Limit for the whole command; default 10 minutes. */
  readonly timeoutMs?: number;
  /** Limit for silence on both streams; default none. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  /** Called for each chunk of output as it comes, decoded as UTF-8 across chunk borders. A promise holds the stream back. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void | Promise<void>;
}

/** How a command ended. `stdout` and `stderr` keep at most their last 1 MiB. */
export interface RunResult {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Owner and group by name or number; mode as octal digits. */
export interface Ownership {
  readonly mode: string;
  readonly owner: string | number;
  readonly group: string | number;
}

/** What a file must hold, and what it is to hold. */
export interface FileSwap {
  /** Hex sha256 of the content that was read; `null`: there was no file. */
  readonly from: string | null;
  /** `null`: no file. */
  readonly to: string | null;
}

/** What HAProxy's admin socket is asked to show; `table NAME FILTER` are the entries of a stick table. */
export type HaproxyWhat = 'stat' | 'info' | 'servers state' | 'cli level' | 'table' | `table ${string}`;

/** A TCP socket that waits for connections in the host's own network. */
export interface Listener {
  /** `0.0.0.0` and `::` are all addresses. */
  readonly address: string;
  readonly port: number;
  /** Name of a process that holds it, where the host tells. */
  readonly process?: string;
}

/** What changes a host without being asked, as far as its files show it. Names and paths for people; at most some of each. */
export interface Automation {
  /** Cron tables, and services with a timer, that run `docker … prune`. */
  readonly prunes: readonly string[];
  /** Packages of the Engine that the host upgrades by itself. */
  readonly upgrades: readonly string[];
  /** What runs a configuration management: `puppet.service`, `ansible-pull in /etc/cron.d/pull`. */
  readonly managers: readonly string[];
}

/** The host's own network, as far as ports are concerned. */
export interface HostNetwork {
  /** Addresses that it takes for its own; with `/N` a whole range, such as `127.0.0.0/8`. */
  readonly addresses: readonly string[];
  /** Its kernel lets a program listen on addresses that it does not have: those of a virtual router. */
  readonly bindsAny: boolean;
  readonly listening: readonly Listener[];
}

/**
 * A host that can be looked at. It has no method that writes: what a task's `read` is given cannot change anything.
 * All requests made in the same tick travel as one script and one reply.
 *
 * Every method rejects with OrchError CONNECTION_LOST when the connection goes, TIMED_OUT when an answer takes too long.
 */
export interface Reader {
  readonly name: string;
  facts(): Promise<Facts>;
  /** The host's own clock, milliseconds since the epoch, read together with what else is asked now. */
  clock(): Promise<number>;
  /** `null` when nothing is there. Links are not followed. */
  stat(path: string): Promise<Stat | null>;
  /** Hex digest of a file's content; `null` when it is not there or not a file. */
  sha256(path: string): Promise<string | null>;
  /** A file's content; `null` when it is not there. @throws OrchError FILE_TOO_LARGE above `limit` bytes (default 1 MiB) */
  read(path: string, limit?: number): Promise<Buffer | null>;
  /** Every regular file below a directory with its size, by path relative to it; `null` when the directory is not there. */
  tree(path: string): Promise<Readonly<Record<string, number>> | null>;
  /** Free bytes on the file system that holds `path` or the nearest directory above it that exists. */
  freeBytes(path: string): Promise<number>;
  /** Its own addresses, and what listens there. */
  network(): Promise<HostNetwork>;
  /** What changes it without being asked. */
  automation(): Promise<Automation>;
  /** GET from the host's own point of view. @throws OrchError HTTP_UNREACHABLE when nobody answers */
  httpGet(request: HttpRequest): Promise<HttpReply>;
  /** The same as a POST without a body: whether something takes one there. Only where that changes nothing. */
  httpPost(request: HttpRequest): Promise<HttpReply>;
  /**
   * Logs in to a PostgreSQL server over a connection that the host makes, so that no client is needed there. `null`: its sshd forwards no
   * connections.
   *
   * @throws OrchError DATABASE_UNREACHABLE | DATABASE_REFUSED | DATABASE_MISSING | DATABASE_CERTIFICATE
   */
  postgres(login: PostgresLogin): Promise<PostgresView | null>;
  /** The reply to `show <what>` on a HAProxy admin socket. What is asked in one tick travels in one question. */
  haproxyShow(socket: string, what: HaproxyWhat): Promise<string>;
  /** Runs a command of the user's that only looks (`unless`). It has a channel and a time limit of its own. */
  test(command: Command, options?: RunOptions): Promise<RunResult>;
  readonly docker: DockerReader;
}

/** A host that can be changed. Every write is safe to repeat and leaves nothing half-written under its final name. */
export interface Connection extends Reader {
  /** Atomic: written beside the target under a fixed temporary name, flushed, given its mode and owner, renamed. */
  writeFile(path: string, content: string | Uint8Array | Secret, ownership: Ownership): Promise<void>;
  /**
   * Compare and swap: like `writeFile`, or `remove` with `to: null`, but only while the file has the content that was read. The
   * comparison and the change are one step for everybody who changes the file this way, from whatever controller.
   *
   * `false`: the file has another content by now, and nothing was changed. A file that has the new content already is `true`.
   */
  swapFile(path: string, swap: FileSwap, ownership: Ownership): Promise<boolean>;
  /** Creates the directory and missing parents (root-owned, 0755), then sets mode and owner of the last one. */
  makeDirectory(path: string, ownership: Ownership): Promise<void>;
  chmod(path: string, ownership: Ownership): Promise<void>;
  /** Removes a file or a whole directory; fine when it is not there. */
  remove(path: string): Promise<void>;
  /**
   * Streams a local file there, checks its sha256, then renames it into place. What a lost connection, or an earlier
   * run, had already sent of a large one is not sent again.
   */
  upload(
    local: string,
    remote: string,
    options: Ownership & { readonly sha256: string; readonly onProgress?: (bytes: number) => void },
  ): Promise<void>;
  run(command: Command, options?: RunOptions): Promise<RunResult>;
  /**
   * One command on a HAProxy admin socket: `set server gateways/gw-1 state drain`.
   *
   * @throws OrchError LB_REFUSED with HAProxy's own words; HAPROXY_COMMAND when it is more than one command
   */
  haproxyCommand(socket: string, command: string): Promise<void>;
  readonly docker: Docker;
  /** The lock that keeps two runs from changing this host at the same time. */
  readonly lock: HostLock;
  /**
   * The same connection for a run that holds the lock: each script that writes checks in itself that the lock is of this token, and
   * the next holder waits until it has ended.
   *
   * Its writes reject with OrchError FENCED when the lock is not, and then have changed nothing.
   */
  under(token: string): Connection;
  close(): Promise<void>;
}
