import type { Clock } from '../../../src/core/base/clock.ts';
import type { FakeHostOptions } from '../../../src/testing/fake-host.ts';
import { type Running, STAT_COLUMNS, STATE_COLUMNS, stateRow, statRow } from './fake-haproxy-rows.ts';

/** A `server` line. */
export interface FakeServer {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight?: number;
  readonly cookie?: string;
  /** `backend/server` whose state it follows. */
  readonly track?: string;
  readonly disabled?: boolean;
  readonly unchecked?: boolean;
  /** It has an agent, which sends nothing until `agents` sets its reply. */
  readonly agent?: boolean;
  readonly slowstartMs?: number;
}

export interface FakeHaproxyOptions {
  readonly servers: readonly FakeServer[];
  readonly clock: Pick<Clock, 'now'>;
  readonly everyMs?: number;
  readonly fall?: number;
  readonly rise?: number;
  /** Stick tables by name; whether each holds ids of servers. */
  readonly tables?: Readonly<Record<string, boolean>>;
}

interface ServerRow extends Pick<FakeServer, 'backend' | 'name'> {
  readonly operational: number;
  readonly admin: number;
  readonly weight: number;
}

const MAINT = 0x01;
const DRAIN = 0x08;

/**
 * HAProxy 2.6 as its admin socket shows it, on a clock that a test moves. It behaves as the real one was observed to: a server
 * that leaves maintenance is UP at once from its old check; drain keeps the checks going; "drain" ends maintenance; "disabled"
 * leaves a bit behind; a reload starts from the configuration in a new process.
 */
export class FakeHaproxy {
  readonly #options: Required<FakeHaproxyOptions>;
  readonly #dead = new Set<string>();
  readonly #erring = new Set<string>();
  readonly #failing = new Set<string>();
  readonly #says = new Map<string, string>();
  readonly #replies = new Map<string, () => number>();
  #servers: readonly Running[] = [];
  #pid = 4000;
  #started = 0;
  /** Uptime of the first process in seconds. */
  #ranBefore = 0;
  #turn = 0;
  /** Of its socket: `admin`, `operator`. */
  level = 'admin';
  /** Commands and queries, in order. */
  readonly asked: string[] = [];

  constructor(options: FakeHaproxyOptions) {
    this.#options = { everyMs: 1000, fall: 3, rise: 2, tables: {}, ...options };
    this.reload();
    this.#ranBefore = 3600;
  }

  /** To be spread into the options of the fake host that runs it. */
  get host(): Pick<FakeHostOptions, 'haproxy' | 'haproxyCommand'> {
    return { haproxy: (what) => this.show(what), haproxyCommand: (command) => this.command(command) };
  }

  reload(): void {
    const now = this.#options.clock.now();
    this.#pid += 7;
    this.#started = now;
    this.#ranBefore = 0;
    this.#servers = this.#options.servers.map((line) => ({
      line,
      admin: line.disabled === true ? MAINT | 0x04 : 0,
      operational: line.disabled === true ? 0 : 2,
      weight: line.weight ?? 1,
      health: this.#full,
      result: line.unchecked === true ? 0 : 3,
      changed: now,
      checkedAt: now,
      rampEnds: 0,
      agentOn: line.agent ?? false,
      sessions: 0,
      total: 0,
      lastSession: -1,
      failures: 0,
      status4xx: 0,
      status5xx: 0,
      credit: 0,
    }));
  }

  /** Starts or stops the process behind an address: health checks notice at their next interval. */
  lives(address: string, alive: boolean): void {
    this.#advance();
    if (alive) this.#dead.delete(address);
    else this.#dead.add(address);
  }

  /** The process behind an address passes health checks, and cuts all other requests; or it does not. */
  errs(address: string, erring: boolean): void {
    if (erring) this.#erring.add(address);
    else this.#erring.delete(address);
  }

  /** The status that the process behind an address returns for each request. */
  replies(address: string, status: () => number): void {
    this.#replies.set(address, status);
  }

  /** The health check of this one server fails, also while its process runs. */
  fails(name: string): void {
    this.#failing.add(name);
  }

  /** A server's agent replies from now on: `ready`, `drain`, `maint`. */
  agents(name: string, word: string): void {
    this.#says.set(name, word);
  }

  /** A new request; `stick` is the server that the client went to before. `null`: its response was a 503. */
  request(backend: string, stick?: string): { readonly server: string; readonly status: number; end(): void } | null {
    this.#advance();
    const all = this.#servers.filter(({ line }) => line.backend === backend);
    const stuck = all.find((one) => one.line.name === stick && one.line.cookie !== undefined && this.#lets(one, MAINT));
    const free = all.filter((one) => one.weight > 0 && this.#lets(one, MAINT | DRAIN));
    const chosen = stuck ?? this.#next(free);
    if (chosen === undefined) return null;
    chosen.total += 1;
    chosen.lastSession = this.#options.clock.now();
    if (this.#dead.has(chosen.line.address) || this.#erring.has(chosen.line.address)) {
      chosen.failures += 1;
      return null;
    }
    chosen.sessions += 1;
    const status = this.#replies.get(chosen.line.address)?.() ?? 200;
    if (status >= 500) chosen.status5xx += 1;
    else if (status >= 400) chosen.status4xx += 1;
    return {
      server: chosen.line.name,
      status,
      end: () => {
        chosen.sessions -= 1;
      },
    };
  }

  /** Round robin; with different weights each as often as its weight, evenly spread. */
  #next(free: readonly Running[]): Running | undefined {
    if (free.every(({ weight }) => weight === free[0]?.weight)) return free[this.#turn++ % Math.max(1, free.length)];
    for (const one of free) one.credit += one.weight;
    const chosen = free.reduce((best, one) => (one.credit > best.credit ? one : best));
    chosen.credit -= free.reduce((sum, { weight }) => sum + weight, 0);
    return chosen;
  }

  /** All running requests are done. */
  endAll(): void {
    for (const one of this.#servers) one.sessions = 0;
  }

  /** Its servers with their states, orders and weights, as `show servers state` has them. */
  get rows(): readonly ServerRow[] {
    this.#advance();
    return this.#servers.map((one) => ({
      backend: one.line.backend,
      name: one.line.name,
      operational: this.#operational(one),
      admin: this.#admin(one),
      weight: one.weight,
    }));
  }

  show(what: string): string {
    this.#advance();
    this.asked.push(`show ${what}`);
    const now = this.#options.clock.now();
    const seconds = (since: number): number => Math.floor(now / 1000) - Math.floor(since / 1000);
    if (what === 'cli level') return `${this.level}\n`;
    if (what === 'info') {
      const uptime = seconds(this.#started) + this.#ranBefore;
      return `Name: HAProxy\nPid: ${this.#pid}\nUptime_sec: ${uptime}\nStart_time_sec: ${1_700_000_000 + Math.floor(this.#started / 1000)}\n`;
    }
    if (what === 'servers state')
      return `1\n${STATE_COLUMNS}\n${this.#servers.map((one, i) => stateRow(one, { admin: this.#admin(one), operational: this.#operational(one), index: i }, seconds)).join('')}`;
    if (what === 'stat') return `${STAT_COLUMNS}\n${this.#servers.map((one) => statRow(one, seconds)).join('')}`;
    const tables = this.#options.tables;
    if (what === 'table')
      return Object.keys(tables)
        .map((name) => `# table: ${name}, type: ip, size:1024, used:0\n`)
        .join('');
    const [, name = ''] = what.split(' ');
    if (tables[name] === undefined) return 'No such table\n';
    return tables[name]
      ? `# table: ${name}, type: ip, size:1024, used:0\n`
      : 'Filter entry #1: Data type not stored in this table\n';
  }

  /** No reply means success. */
  command(text: string): string {
    this.#advance();
    this.asked.push(text);
    if (this.level !== 'admin') return 'Permission denied\n';
    const [, verb, name = '', field, value = ''] = /^(\w+ \w+) (\S+)(?: (\w+) (\S+))?$/.exec(text) ?? [];
    const [backend, server] = name.split('/');
    if (!this.#servers.some(({ line }) => line.backend === backend)) return 'No such backend.\n';
    const one = this.#servers.find(({ line }) => line.backend === backend && line.name === server);
    if (one === undefined) return 'No such server.\n';
    if (verb === 'disable agent') one.agentOn = false;
    else if (verb === 'enable agent') one.agentOn = one.line.agent ?? false;
    else if (verb === 'set server' && field === 'weight') {
      if (!(Number(value) <= 256)) return 'Absolute weight can only be between 0 and 256 inclusive.\n';
      one.weight = Number(value);
    } else if (verb === 'set server' && field === 'state' && ORDERS[value] !== undefined)
      this.#order(one, ORDERS[value]);
    else return `'set server <srv> ${field}' expects something else.\n`;
    return '';
  }

  get #full(): number {
    return this.#options.rise + this.#options.fall - 1;
  }

  /** Own orders and those of the server it follows. */
  #admin(one: Running): number {
    const followed = this.#followed(one);
    return one.admin | (followed === undefined ? 0 : (this.#admin(followed) & (MAINT | DRAIN)) << 1);
  }

  #followed(one: Running): Running | undefined {
    return this.#servers.find(({ line }) => `${line.backend}/${line.name}` === one.line.track);
  }

  #operational(one: Running): number {
    if ((this.#admin(one) & (MAINT | (MAINT << 1))) !== 0) return 0;
    const followed = this.#followed(one);
    return followed === undefined ? one.operational : this.#operational(followed);
  }

  #lets(one: Running, barred: number): boolean {
    return this.#operational(one) > 0 && (this.#admin(one) & (barred | (barred << 1))) === 0;
  }

  #order(one: Running, order: number): void {
    const left = (one.admin & MAINT) !== 0 && order !== MAINT;
    const admin = (one.admin & ~(MAINT | DRAIN)) | order;
    if (admin === one.admin) return;
    one.admin = admin;
    one.changed = this.#options.clock.now();
    if (order === MAINT) one.operational = 0;
    if (!left) return;
    one.health = this.#options.rise;
    this.#rise(one, this.#options.clock.now());
    one.checkedAt = this.#options.clock.now();
  }

  #rise(one: Running, now: number): void {
    const ramp = one.line.slowstartMs ?? 0;
    one.operational = ramp > 0 ? 1 : 2;
    one.rampEnds = now + ramp;
    one.changed = now;
  }

  /** Health checks, agents and slow starts up to now, in the order of time. */
  #advance(): void {
    const now = this.#options.clock.now();
    for (const one of this.#servers) {
      for (let at = one.checkedAt + this.#options.everyMs; at <= now; at += this.#options.everyMs) {
        one.checkedAt = at;
        if (one.operational === 1 && one.rampEnds <= at) this.#ramped(one);
        const word = one.agentOn ? this.#says.get(`${one.line.backend}/${one.line.name}`) : undefined;
        if (word !== undefined) this.#order(one, ORDERS[word] ?? 0);
        if (one.line.unchecked !== true && one.line.track === undefined && (one.admin & MAINT) === 0)
          this.#check(one, at);
      }
      if (one.operational === 1 && one.rampEnds <= now) this.#ramped(one);
    }
  }

  #ramped(one: Running): void {
    one.operational = 2;
    one.changed = one.rampEnds;
  }

  #check(one: Running, at: number): void {
    const passed = !this.#dead.has(one.line.address) && !this.#failing.has(`${one.line.backend}/${one.line.name}`);
    one.result = passed ? 3 : 2;
    if (passed && one.operational > 0) one.health = this.#full;
    else if (passed) {
      one.health += 1;
      if (one.health < this.#options.rise) return;
      one.health = this.#full;
      this.#rise(one, at);
    } else if (one.operational > 0) {
      one.health -= 1;
      if (one.health >= this.#options.rise) return;
      one.health = 0;
      one.operational = 0;
      one.changed = at;
    } else one.health = 0;
  }
}

const ORDERS: Readonly<Record<string, number>> = { ready: 0, drain: DRAIN, maint: MAINT };
