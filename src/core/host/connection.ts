import type { Secret } from '../base/secret.ts';
import type { Docker, DockerReader } from './docker.ts';
import type { HostLock } from './lock.ts';
import type { PostgresLogin, PostgresView } from './postgres.ts';

/** Facts of a host, read once with the first batch of reads. */
export interface Facts {
  /** `Debian GNU/Linux 12 (bookworm)`, from /etc/os-release. */
  readonly os: string;
  readonly kernel: string;
  /** As `uname -m` prints it: `x86_64`, `aarch64`. */
  readonly arch: string;
  /** User id of the reads: 0 when become works. */
  readonly uid: number;
  /** Milliseconds that the host's clock is ahead of the controller's (negative: behind). */
  readonly clockSkewMs: number;
  /** Highest limit of open files for a container on this host. */
  readonly nofile: number;
  /** The host has `flock`, which locks need. */
  readonly hasFlock: boolean;
  /** Equal for two connections only if they lead to the same machine; `null` if unknown. */
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
  /** Default 127.0.0.1, from the host's own point of view. */
  readonly address?: string;
  readonly port: number;
  readonly path: string;
  /** The Host header; default: address and port. */
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

/** Certificates for TLS from the controller to the server, PEM each. The controller itself ends TLS. */
export interface HttpTls {
  /** Certificate authorities; default: the ones that Node trusts. */
  readonly ca?: string;
  readonly client?: { readonly cert: string; readonly key: Secret };
  /** Expected name in the certificate; default: the address. */
  readonly serverName?: string;
}

export interface HttpReply {
  readonly status: number;
  /** At most 64 KiB. */
  readonly body: string;
}

/** A command: words that reach the program unchanged, or a script for `sh`. */
export type Command = { readonly argv: readonly string[] } | { readonly script: string };

export interface RunOptions {
  readonly stdin?: string | Uint8Array | Secret;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | Secret>>;
  /** Limit for the whole command; default 10 minutes. */
  readonly timeoutMs?: number;
  /** Limit for a time without output on both streams, in milliseconds; default none. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Called for each chunk of output, decoded as UTF-8 across chunk borders. A returned promise holds the stream back.
   */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void | Promise<void>;
}

/** The result of a command. `stdout` and `stderr` keep at most their last 1 MiB. */
export interface RunResult {
  /** `null` if a signal ended it. */
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

/** The content that a file must have, and its new content. */
export interface FileSwap {
  /** Hex sha256 of the content that was read; `null`: no file existed. */
  readonly from: string | null;
  /** New content; `null`: no file. */
  readonly to: string | null;
}

/** Arguments of HAProxy's `show` command; `table NAME FILTER` shows entries of a stick table. */
export type HaproxyWhat = 'stat' | 'info' | 'servers state' | 'cli level' | 'table' | `table ${string}`;

/** A listening TCP socket, or an unconnected UDP socket, in the host's own network. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** `0.0.0.0` and `::` mean all addresses. */
  readonly address: string;
  readonly port: number;
  /** Name of a process that holds it, if it was requested and the host reports it. */
  readonly process?: string;
}

/**
 * Automation that changes a host by itself, as far as its files show it. Names and paths for people; each list is
 * bounded.
 */
export interface Automation {
  /** Cron tables, and services with a timer, that run `docker … prune`. */
  readonly prunes: readonly string[];
  /** Engine packages that the host upgrades by itself. */
  readonly upgrades: readonly string[];
  /** Jobs that run a configuration management tool: `puppet.service`, `ansible-pull in /etc/cron.d/pull`. */
  readonly managers: readonly string[];
}

/** The host's own network, as far as ports are concerned. */
export interface HostNetwork {
  /** Addresses that the host has itself; with `/N` a whole range, such as `127.0.0.0/8`. */
  readonly addresses: readonly string[];
  /** The kernel lets a program listen on addresses that the host does not have (those of a virtual router). */
  readonly bindsAny: boolean;
  readonly listening: readonly Listener[];
}

/**
 * The read side of a host. It has no method that writes, so a task's `read` cannot change anything. All requests of the
 * same tick travel as one script and one reply.
 *
 * Each method rejects with OrchError CONNECTION_LOST when the connection is lost, TIMED_OUT when a reply takes too
 * long.
 */
export interface Reader {
  readonly name: string;
  facts(): Promise<Facts>;
  /** The host's own clock in milliseconds since the epoch, read together with the other requests of this tick. */
  clock(): Promise<number>;
  /** `null` if the path does not exist. Links are not followed. */
  stat(path: string): Promise<Stat | null>;
  /** Hex digest of a file's content; `null` if it does not exist or is no file. */
  sha256(path: string): Promise<string | null>;
  /**
   * A file's content; `null` if it does not exist. @throws OrchError FILE_TOO_LARGE above `limit` bytes (default 1 MiB)
   */
  read(path: string, limit?: number): Promise<Buffer | null>;
  /** Size in bytes of each regular file below a directory, by relative path; `null` if the directory does not exist. */
  tree(path: string): Promise<Readonly<Record<string, number>> | null>;
  /** Free bytes on the file system of `path`, or of its nearest existing parent directory. */
  freeBytes(path: string): Promise<number>;
  /** The host's own addresses, and its listening sockets. `processes`: with names, which makes the host read all its processes. */
  network(options?: { readonly processes?: boolean }): Promise<HostNetwork>;
  /** Automation that changes the host by itself. */
  automation(): Promise<Automation>;
  /** GET from the host's own point of view. @throws OrchError HTTP_UNREACHABLE when there is no response */
  httpGet(request: HttpRequest): Promise<HttpReply>;
  /** A POST without a body, to find out whether the server accepts POST there. Use it only if it changes nothing. */
  httpPost(request: HttpRequest): Promise<HttpReply>;
  /**
   * Logs in to a PostgreSQL server over a connection from the host. The host needs no client. `null`: its sshd forwards
   * no connections.
   *
   * @throws OrchError DATABASE_UNREACHABLE | DATABASE_REFUSED | DATABASE_MISSING | DATABASE_CERTIFICATE
   */
  postgres(login: PostgresLogin): Promise<PostgresView | null>;
  /** The reply to `show <what>` on a HAProxy admin socket. Requests of one tick travel together. */
  haproxyShow(socket: string, what: HaproxyWhat): Promise<string>;
  /** Runs a command of the user that only reads (`unless`). It has its own channel and time limit. */
  test(command: Command, options?: RunOptions): Promise<RunResult>;
  readonly docker: DockerReader;
}

/** A host that can be changed. Each write is safe to repeat and leaves no half-written file under its final name. */
export interface Connection extends Reader {
  /**
   * Atomic: writes a temporary file with a fixed name beside the target, flushes it, sets mode and owner, renames it.
   */
  writeFile(path: string, content: string | Uint8Array | Secret, ownership: Ownership): Promise<void>;
  /**
   * Compare and swap: like `writeFile`, or `remove` with `to: null`, but only while the file has the content that was
   * read. Comparison and change are one step for all clients of this method, from any controller.
   *
   * `false`: the file has other content by now, and nothing was changed. `true` also if the file has the new content
   * already.
   */
  swapFile(path: string, swap: FileSwap, ownership: Ownership): Promise<boolean>;
  /** Creates the directory and missing parents (root-owned, 0755), then sets mode and owner of the last one. */
  makeDirectory(path: string, ownership: Ownership): Promise<void>;
  chmod(path: string, ownership: Ownership): Promise<void>;
  /** Removes a file or a whole directory. A missing path is no error. */
  remove(path: string): Promise<void>;
  /**
   * Streams a local file to the host, checks its sha256, then renames it into place. Resumes a large file: bytes that
   * arrived before a lost connection, or in an earlier run, are not sent again.
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
   * The same connection for a run that holds the lock. Each script that writes checks first that the lock has this
   * token, and the next holder waits until the script has ended.
   *
   * If the lock has another token, writes reject with OrchError FENCED and have changed nothing.
   */
  under(token: string): Connection;
  close(): Promise<void>;
}
