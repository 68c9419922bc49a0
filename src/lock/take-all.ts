import type { Clock } from '../core/base/clock.ts';
import { formatDuration } from '../core/base/duration.ts';
import { OrchError } from '../core/base/errors.ts';
import type { HostLock, LockOwner, LockProcess, LockRecord, LockView } from '../core/host/lock.ts';
import type { LockScope } from '../core/host/lock-scope.ts';
import type { LockHosts } from '../core/host/locks.ts';
import { momentOf } from './held-lock.ts';
import type { LockTimes } from './lock-times.ts';
import { hostLocked } from './locked-error.ts';
import { earlierHolders, takeOver } from './take-over.ts';

export interface TakeAllOptions {
  readonly owner: LockOwner;
  readonly clock: Clock;
  readonly times: LockTimes;
  readonly waitMs: number;
  /** Ends the wait for another run. */
  readonly signal?: AbortSignal | undefined;
  readonly hosts: LockHosts;
  hasEnded(process: LockProcess): boolean;
  say(message: string, host?: string): void;
  onLock<T>(host: string, act: (lock: HostLock) => Promise<T>): Promise<T>;
  /** The lock is taken; beats begin. */
  hold(host: string, view: LockView, sent: ReturnType<typeof momentOf>): Promise<void>;
  /** The login user has no right to lock this host. */
  cannotLock(host: string): void;
  /** Releases all locks taken so far. */
  giveUp(): Promise<void>;
}

interface Conflict {
  readonly host: string;
  readonly view: LockView;
}

/** A record with its beat, and since when it is unchanged by this controller's clock. */
interface Seen {
  readonly key: string;
  readonly since: number;
}

/**
 * Takes the locks of all hosts or none; a conflict releases the ones taken so far. The first attempt takes all at once,
 * in one round trip. After a conflict it takes one by one: all runs use the same order, so one of them gets all.
 */
export class TakeAll {
  readonly #options: TakeAllOptions;
  readonly #seen = new Map<string, Seen>();
  /** Taken-over hosts, by the previous holders. */
  readonly #takenOver = new Map<string, readonly string[]>();

  constructor(options: TakeAllOptions) {
    this.#options = options;
  }

  /** @throws OrchError HOST_LOCKED | FLOCK_MISSING | CONNECT_… */
  async take(scope: LockScope): Promise<void> {
    const { clock, waitMs, say, giveUp } = this.#options;
    const all = await this.#hostsOf(scope);
    const until = clock.now() + waitMs;
    const conflict = await this.#takeEach([all]);
    if (conflict === undefined) return;
    await giveUp();
    say(this.#waiting(conflict), conflict.host);
    const order = await this.#ordered(all);
    for (;;) {
      await this.#wait(order, until);
      if ((await this.#takeEach(order.map((host) => [host]))) === undefined) return;
      await giveUp();
    }
  }

  #waiting({ host, view }: Conflict): string {
    const { waitMs, times } = this.#options;
    const limit = waitMs === 0 ? 'to see whether that run is alive' : 'for it';
    return `${hostLocked(host, view).message}; waiting up to ${formatDuration(Math.max(waitMs, times.ttlMs))} ${limit}`;
  }

  async #hostsOf({ names, balancers, majorities }: LockScope): Promise<readonly string[]> {
    const wanted = new Set([...names, ...balancers]);
    for (const members of majorities) for (const member of await this.#majority(members, wanted)) wanted.add(member);
    return [...wanted];
  }

  /** By each machine's own identity: names differ between inventories. */
  async #ordered(hosts: readonly string[]): Promise<readonly string[]> {
    const machines = await Promise.all(
      hosts.map(async (host) => {
        const { machine } = await (await this.#options.hosts.get(host)).facts();
        return { host, key: machine ?? host };
      }),
    );
    return machines.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ host }) => host);
  }

  /** Members to lock so that more than half of the pool are locked: reachable ones, in the inventory's order. */
  async #majority(members: readonly string[], wanted: ReadonlySet<string>): Promise<readonly string[]> {
    const need = Math.floor(members.length / 2) + 1;
    const more: string[] = [];
    let have = members.filter((member) => wanted.has(member)).length;
    let failure: unknown;
    for (const member of members) {
      if (have >= need) return more;
      if (wanted.has(member)) continue;
      try {
        await this.#options.hosts.get(member);
        more.push(member);
        have++;
      } catch (error) {
        failure = error;
      }
    }
    if (have >= need) return more;
    throw failure;
  }

  /** Takes the hosts of a group at once. All requests have ended when it returns or throws. */
  async #takeEach(groups: readonly (readonly string[])[]): Promise<Conflict | undefined> {
    try {
      for (const group of groups) {
        const taken = await Promise.allSettled(
          group.map(async (host): Promise<Conflict | undefined> => {
            const view = await this.#takeOne(host).catch((error: unknown) => this.#withoutRights(host, error));
            return view && { host, view };
          }),
        );
        const failed = taken.find((each) => each.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
        const conflict = taken.flatMap((each) => (each.status === 'fulfilled' ? (each.value ?? []) : []))[0];
        if (conflict !== undefined) return conflict;
      }
    } finally {
      for (const [from, hosts] of this.#takenOver)
        this.#options.say(`took over the ${hosts.length > 1 ? 'locks' : 'lock'} of ${hosts.join(', ')} from ${from}`);
      this.#takenOver.clear();
    }
  }

  /** Without root there is no lock. Such a user cannot write leases either, so no balancer of the host is changed. */
  #withoutRights(host: string, error: unknown): undefined {
    if (!(error instanceof OrchError) || error.code !== 'PERMISSION_DENIED') throw error;
    this.#options.cannotLock(host);
    this.#options.say("no lock: the login user has no root's rights, so nothing keeps other runs off", host);
  }

  /** @returns the lock that is in the way */
  async #takeOne(host: string): Promise<LockView | undefined> {
    const { owner, clock, times, hosts, onLock, hold, say } = this.#options;
    let sent = momentOf(clock);
    let view = await onLock(host, (lock) => lock.take(owner, null));
    if (view.record?.token !== owner.token) {
      this.#note(host, view);
      if (!this.#isExpired(host, view)) return view;
      const { digest } = view;
      sent = momentOf(clock);
      view = await onLock(host, (lock) => lock.take(owner, digest));
      if (view.record?.token !== owner.token) return view;
    }
    await hold(host, view, sent);
    if (view.old.length === 0) return undefined;
    const from = `${earlierHolders(view.old)}, ${this.#whyExpired(view.old)}`;
    this.#takenOver.set(from, [...(this.#takenOver.get(from) ?? []), host]);
    await takeOver(
      {
        host,
        token: owner.token,
        clock,
        times,
        say: (message) => say(message, host),
        onLock: (act) => onLock(host, act),
        connection: () => hosts.get(host),
      },
      view,
    );
  }

  /** Waits until every lock is free or expired. Waits for a live holder only as long as the operator allows. */
  async #wait(order: readonly string[], until: number): Promise<void> {
    const { clock, times, onLock, signal } = this.#options;
    const first = new Map<string, string>();
    for (;;) {
      // All at once: a dead run has left the locks of all its hosts.
      const views = await Promise.all(
        order.map(async (host) => ({ host, view: await onLock(host, (lock) => lock.view()) })),
      );
      for (const { host, view } of views) {
        this.#note(host, view);
        if (!first.has(host)) first.set(host, keyOf(view));
      }
      const held = views.filter(({ host, view }) => view.record !== null && !this.#isExpired(host, view));
      if (held.length === 0) return;
      const alive = held.find(({ host, view }) => keyOf(view) !== first.get(host));
      if (alive !== undefined && clock.now() >= until) throw hostLocked(alive.host, alive.view);
      await clock.sleep(times.pollMs, signal);
    }
  }

  #note(host: string, view: LockView): void {
    const key = keyOf(view);
    if (this.#seen.get(host)?.key !== key) this.#seen.set(host, { key, since: this.#options.clock.now() });
  }

  #isExpired(host: string, view: LockView): boolean {
    const { record } = view;
    if (record === null) return false;
    if (record.boot !== view.boot || this.#hasEnded(record)) return true;
    const seen = this.#seen.get(host);
    return seen?.key === keyOf(view) && this.#options.clock.now() - seen.since >= this.#options.times.ttlMs;
  }

  /** A run that was killed on this machine: no need to wait for its beat. Its pending calls on the host still count. */
  #hasEnded = ({ process }: LockRecord): boolean => process !== undefined && this.#options.hasEnded(process);

  #whyExpired = (old: readonly LockRecord[]): string =>
    old.every(this.#hasEnded) ? 'whose process has ended' : 'which showed no sign of life';
}

/** By holder and beat: the record itself also changes when its holder adds a call. */
const keyOf = ({ digest, beat }: LockView): string => `${digest} ${beat}`;
