import { readFile } from 'node:fs/promises';
import { OrchError } from '../core/base/errors.ts';
import { reveal, Secret } from '../core/base/secret.ts';
import type {
  Automation,
  Command,
  Connection,
  Facts,
  FileSwap,
  HaproxyWhat,
  HostNetwork,
  HttpReply,
  HttpRequest,
  Ownership,
  RunOptions,
  RunResult,
  Stat,
} from '../core/host/connection.ts';
import type { Docker } from '../core/host/docker.ts';
import type { HostLock, LockSession } from '../core/host/lock.ts';
import type { PostgresLogin, PostgresView } from '../core/host/postgres.ts';
import { haproxyCommand } from '../transport/sockets/haproxy-command.ts';
import { countedDocker } from './fake-docker-trips.ts';
import { FakeFiles } from './fake-files.ts';
import { FakeLock } from './fake-lock.ts';
import { fakeSession, underToken } from './fake-session.ts';
import { postgresView, SOUND } from './sound-host.ts';

export interface FakeHostOptions {
  readonly name: string;
  readonly facts?: Partial<Facts>;
  readonly docker?: Docker;
  readonly freeBytes?: number;
  /** The host's clock, milliseconds since the epoch. */
  readonly now?: () => number;
  readonly network?: Partial<HostNetwork>;
  readonly automation?: Partial<Automation>;
  /** Answers HTTP requests; `null`: nothing listens there. */
  readonly http?: (request: HttpRequest, method: 'GET' | 'POST') => HttpReply | null;
  /** PostgreSQL's view; undefined: a healthy server. `null`: the host forwards no connections. */
  readonly postgres?: (login: PostgresLogin) => Partial<PostgresView> | null;
  /** HAProxy's reply to `show`: `servers state`. */
  readonly haproxy?: (what: string) => string;
  /** HAProxy's reply to other commands; undefined: success. */
  readonly haproxyCommand?: (command: string) => string;
  /** Runs commands; gets the host, so that a command can change its files. */
  readonly command?: (command: Command, host: FakeHost, options: RunOptions) => Partial<RunResult> | undefined;
}

/**
 * A host in memory behind the real `Connection` interface: files, commands by callback, Docker by a fake Engine. It
 * counts round trips like a real one (all reads of one tick are one trip) and can lose its connection before or after
 * any write. Use it to test playbooks and task types without a machine.
 *
 * @example const host = new FakeHost({ name: 'gw-1' }); await host.writeFile('/etc/motd', 'hi', { mode: '0644', owner:
 *   'root', group: 'root' });
 */
export class FakeHost implements Connection {
  readonly name: string;
  readonly files = new FakeFiles();
  readonly locks: FakeLock;
  readonly lock: HostLock;
  readonly #options: FakeHostOptions;
  readonly #docker: Docker | undefined;
  #batch: (() => void)[] = [];
  trips = 0;
  reads = 0;
  writes = 0;
  /** Called before and after each write; a test throws here to cut the connection. */
  onWrite: ((moment: 'before' | 'after', count: number) => void) | undefined;

  constructor(options: FakeHostOptions) {
    this.name = options.name;
    this.#options = options;
    this.locks = new FakeLock(options.now ?? Date.now);
    this.lock = this.#lockOf(null);
    this.#docker =
      options.docker === undefined
        ? undefined
        : countedDocker(options.docker, { ask: (f) => this.#ask(f), write: (f) => this.#write(f) });
  }

  get docker(): Docker {
    if (this.#docker === undefined)
      throw new OrchError('DOCKER_NOT_FOUND', `${this.name} has no Docker Engine`, {
        host: this.name,
        hint: 'install Docker Engine on the host',
      });
    return this.#docker;
  }

  snapshot(): unknown {
    return this.files.snapshot();
  }

  async facts(): Promise<Facts> {
    return this.#ask(() => ({ ...SOUND.facts, ...this.#options.facts }));
  }

  async clock(): Promise<number> {
    return this.#ask(() => Date.now() + (this.#options.facts?.clockSkewMs ?? 0));
  }

  async stat(path: string): Promise<Stat | null> {
    return this.#ask(() => this.files.stat(path));
  }

  async sha256(path: string): Promise<string | null> {
    return this.#ask(() => this.files.sha256(path));
  }

  async read(path: string, limit = 1 << 20): Promise<Buffer | null> {
    return this.#ask(() => this.files.read(path, limit));
  }

  async tree(path: string): Promise<Readonly<Record<string, number>> | null> {
    return this.#ask(() => this.files.tree(path));
  }

  async freeBytes(): Promise<number> {
    return this.#ask(() => this.#options.freeBytes ?? 50e9);
  }

  async network(_options?: { readonly processes?: boolean }): Promise<HostNetwork> {
    return this.#ask(() => ({ ...SOUND.network, ...this.#options.network }));
  }

  async automation(): Promise<Automation> {
    return this.#ask(() => ({ ...SOUND.automation, ...this.#options.automation }));
  }

  httpGet = (request: HttpRequest): Promise<HttpReply> => this.#http(request, 'GET');

  httpPost = (request: HttpRequest): Promise<HttpReply> => this.#http(request, 'POST');

  #http(request: HttpRequest, method: 'GET' | 'POST'): Promise<HttpReply> {
    return this.#ask(() => {
      const reply = this.#options.http?.(request, method) ?? null;
      if (reply !== null) return reply;
      const message = `no response on ${request.address ?? '127.0.0.1'}:${request.port}`;
      throw new OrchError('HTTP_UNREACHABLE', message, { host: this.name, retryable: true });
    });
  }

  async postgres(login: PostgresLogin): Promise<PostgresView | null> {
    return this.#ask(() => postgresView(this.#options.postgres?.(login)));
  }

  async haproxyShow(_socket: string, what: HaproxyWhat): Promise<string> {
    return this.#ask(() => this.#options.haproxy?.(what) ?? '');
  }

  async test(command: Command, options: RunOptions = {}): Promise<RunResult> {
    return this.#ask(() => this.#carryOut(command, options));
  }

  async writeFile(path: string, content: string | Uint8Array | Secret, ownership: Ownership): Promise<void> {
    const bytes = Buffer.from(content instanceof Secret ? reveal(content) : content);
    await this.#write(() => this.files.write(path, bytes, ownership));
  }

  async swapFile(path: string, swap: FileSwap, ownership: Ownership): Promise<boolean> {
    return this.#write(() => this.files.swap(path, swap, ownership));
  }

  async makeDirectory(path: string, ownership: Ownership): Promise<void> {
    await this.#write(() => this.files.makeDirectory(path, ownership));
  }

  async chmod(path: string, ownership: Ownership): Promise<void> {
    await this.#write(() => this.files.own(path, ownership));
  }

  async remove(path: string): Promise<void> {
    await this.#write(() => this.files.remove(path));
  }

  async upload(local: string, remote: string, options: Ownership & { readonly sha256: string }): Promise<void> {
    const content = await readFile(local);
    await this.#write(() => this.files.write(remote, content, options));
  }

  async run(command: Command, options: RunOptions = {}): Promise<RunResult> {
    return this.#write(() => this.#carryOut(command, options));
  }

  async haproxyCommand(socket: string, command: string): Promise<void> {
    const carryOut = haproxyCommand(async (_socket, line) => this.#options.haproxyCommand?.(line) ?? 'Unknown command');
    await this.#write(() => carryOut(socket, command));
  }

  under(token: string): Connection {
    return underToken(this, this.locks, token);
  }

  /** A separate connection, as each controller has one: it is lost when its session is ended. */
  connect(): Connection {
    return fakeSession(this, this.locks, (session) => this.#lockOf(session));
  }

  #lockOf(session: LockSession | null): HostLock {
    return this.locks.of(
      session,
      (act) => this.#write(act),
      (act) => this.#ask(act),
    );
  }

  async close(): Promise<void> {}

  /** A file's text for the fake Engine's running containers. */
  readonly fileText = (path: string): string | null => this.files.get(path)?.content.toString('utf8') ?? null;

  #carryOut(command: Command, options: RunOptions): RunResult {
    const result = this.#options.command?.(command, this, options);
    if (result === undefined)
      throw new OrchError('COMMAND_FAILED', `the fake host does not know ${JSON.stringify(command)}`, {
        host: this.name,
      });
    return { code: 0, signal: null, stdout: '', stderr: '', ...result };
  }

  /** Reads of one tick are answered together: one trip. */
  #ask<T>(answer: () => T | Promise<T>): Promise<T> {
    this.reads++;
    return new Promise((resolve, reject) => {
      if (this.#batch.length === 0)
        setImmediate(() => {
          this.trips++;
          for (const each of this.#batch.splice(0)) each();
        });
      this.#batch.push(() => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  async #write<T>(change: () => T | Promise<T>): Promise<T> {
    this.trips++;
    const count = ++this.writes;
    this.onWrite?.('before', count);
    const done = await change();
    this.onWrite?.('after', count);
    return done;
  }
}
