import { defined } from '../../src/core/base/data.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import type { Connection } from '../../src/core/host/connection.ts';
import { DOCKER_WRITES, HOST_WRITES } from '../../src/core/host/host-writes.ts';
import type { LockProcess, LockStop } from '../../src/core/host/lock.ts';
import type { LockScope } from '../../src/core/host/lock-scope.ts';
import { Hosts } from '../../src/engine/plan/hosts.ts';
import type { LockTimes } from '../../src/lock/lock-times.ts';
import { RunLocks } from '../../src/lock/run-locks.ts';
import type { FakeHost } from '../../src/testing/fake-host.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { VirtualTime } from '../faults/engine/time.ts';

/** A machine of controllers. */
export const HERE = { machine: 'desk', boot: 'boot of desk' } as const;

const ROOT = { owner: 'root', group: 'root' } as const;

/** Hosts of several controllers, on one clock. */
export class LockWorld {
  readonly time = new VirtualTime();
  readonly hosts: ReadonlyMap<string, DockerHost>;
  /** Processes of the controllers' machine, with their start times. */
  readonly processes = new Map<number, number>();
  /** Successful writes in order: host, run, and the epoch in which it has taken the lock. */
  readonly written: { readonly host: string; readonly who: string; readonly epoch: number }[] = [];

  constructor(names: readonly string[]) {
    this.hosts = new Map(
      names.map((name) => {
        const host = new DockerHost({
          name,
          now: () => this.time.now(),
          facts: { machine: `machine of ${name}` },
          haproxyCommand: () => '',
          command: () => ({}),
        });
        host.files.makeDirectory('/run', { ...ROOT, mode: '0755' });
        return [name, host];
      }),
    );
  }

  host = (name: string): DockerHost => this.hosts.get(name) as DockerHost;

  /** Lets time pass until that is done. */
  until = async <T>(work: Promise<T>): Promise<T> => {
    await this.time.until(work, () => undefined);
    return await work;
  };

  pass = (ms: number): Promise<void> => this.until(this.time.sleep(ms));
}

export interface ControllerOptions {
  readonly waitMs?: number;
  /** Ctrl-C. */
  readonly signal?: AbortSignal;
  readonly times?: LockTimes;
  /** The process of this run; left out: its controller cannot report it. */
  readonly process?: LockProcess;
  readonly scope?: (names: readonly string[]) => LockScope;
  /** Called before each operation on a host, except reads of tasks. */
  readonly step?: (host: string, operation: string) => Promise<void> | void;
  /** Called after it, before the reply arrives. */
  readonly after?: (host: string, operation: string) => Promise<void> | void;
}

/** One run of one controller. */
export class Controller {
  readonly name: string;
  readonly hosts: Hosts;
  readonly locks: RunLocks;
  readonly said: string[] = [];
  readonly stops: LockStop[] = [];
  fenced: OrchError | undefined;
  readonly #epochs = new Map<string, number>();
  readonly #world: LockWorld;
  readonly #options: ControllerOptions;
  /** It is stopped, as by SIGSTOP: no timer of it fires, and it sends nothing. */
  #stopped: PromiseWithResolvers<void> | undefined;
  /** Its connections have been cut before a reply came. */
  readonly lost = new Set<string>();

  constructor(world: LockWorld, name: string, options: ControllerOptions = {}) {
    this.name = name;
    this.#world = world;
    this.#options = options;
    const { time } = world;
    const clock = {
      now: () => time.now(),
      sleep: async (ms: number, signal?: AbortSignal) => {
        await time.sleep(ms, signal);
        await this.#stopped?.promise;
      },
    };
    this.locks = new RunLocks({
      owner: {
        token: `token-${name}`,
        run: `run-${name}`,
        by: `${name}@desk`,
        verb: 'run install',
        ...defined({ process: options.process }),
      },
      // As this controller sees its own machine.
      hasEnded: ({ machine, boot, pid, start }) => {
        const here = options.process ?? HERE;
        if (machine !== here.machine || boot !== here.boot) return false;
        return world.processes.get(pid) !== start;
      },
      clock,
      waitMs: options.waitMs ?? 0,
      ...defined({ times: options.times, signal: options.signal }),
      scope: options.scope ?? ((names) => ({ names, balancers: [], majorities: [] })),
      onStop: (stop) => this.stops.push(stop),
      onFenced: (error) => {
        this.fenced = error;
      },
      say: (message) => this.said.push(message),
    });
    this.hosts = new Hosts(this.locks.connecting(this.#connect), { clock });
  }

  take = (...names: readonly string[]): Promise<void> => this.locks.take(names, this.hosts);

  stop(): void {
    this.#stopped = Promise.withResolvers();
  }

  go(): void {
    this.#stopped?.resolve();
    this.#stopped = undefined;
  }

  #connect = async (name: string): Promise<Connection> => {
    const host = this.#world.host(name);
    const own: Connection = host.connect();
    return this.#through(own, host, '', { cut: false });
  };

  #through<T extends object>(target: T, host: FakeHost, prefix: string, link: { cut: boolean }): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name);
        const key = `${prefix}${String(name)}`;
        if (key === 'docker' || key === 'lock') return this.#through(value as object, host, `${key}.`, link);
        if (typeof value !== 'function') return value;
        if (key === 'under') return (token: string) => this.#through(value.call(target, token), host, '', link);
        return async (...words: unknown[]) => {
          const isWrite = key.startsWith('docker.') ? key.slice(7) in DOCKER_WRITES : key in HOST_WRITES;
          if (isWrite || key.startsWith('lock.')) await this.#options.step?.(host.name, key);
          await this.#stopped?.promise;
          this.#world.time.moved();
          this.#refuse(host.name, link);
          const done: unknown = await value.apply(target, words);
          if (key === 'lock.take' && host.locks.record?.by === `${this.name}@desk`)
            this.#epochs.set(host.name, host.locks.epoch);
          if (isWrite)
            this.#world.written.push({
              host: host.name,
              who: this.name,
              epoch: this.#epochs.get(host.name) ?? 0,
            });
          await this.#options.after?.(host.name, key);
          this.#world.time.moved();
          if (this.lost.delete(host.name)) link.cut = true;
          this.#refuse(host.name, link);
          return done;
        };
      },
    });
  }

  #refuse(host: string, link: { readonly cut: boolean }): void {
    if (link.cut) throw new OrchError('CONNECTION_LOST', 'the SSH connection is closed', { host, retryable: true });
  }
}
