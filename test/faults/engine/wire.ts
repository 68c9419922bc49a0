import { OrchError } from '../../../src/core/base/errors.ts';
import type { Connection } from '../../../src/core/host/connection.ts';
import { DOCKER_WRITES, HOST_WRITES } from '../../../src/core/host/host-writes.ts';
import type { FakeHost } from '../../../src/testing/fake-host.ts';
import type { Cluster } from './cluster.ts';
import { type Blows, type Fault, isAt, type Place, type Strike, strikeOf } from './strike.ts';

interface Link {
  readonly host: FakeHost;
  /** By host: tasks share reads on one connection. */
  readonly at: Map<string, Connection>;
  lost: boolean;
}

/** Operations of a connection and of its Docker Engine that change something. */
export const WRITES: ReadonlySet<string> = new Set([...Object.keys(HOST_WRITES), ...Object.keys(DOCKER_WRITES)]);
const NOWHERE: Place = { node: '', step: '' };

/**
 * The connections of one controller to the hosts, with faults: operations that fail or get no reply, hosts that become
 * unreachable, the end of the controller. Each operation has the step that it is for.
 */
export class Wire {
  readonly #cluster: Cluster;
  readonly #blows: Blows;
  readonly #nth: number;
  readonly #links = new WeakMap<Connection, Link>();
  readonly #writes = new Map<string, number>();
  /** By host: the fault of the next operation, and the fault that lasts until the end of the step. */
  readonly #again = new Set<string>();
  readonly #staying = new Map<string, Strike>();
  /** Faults that have not struck, and those that have. */
  left: readonly Fault[];
  readonly happened: Fault[] = [];
  /** A request for a reply waits for ever. */
  dead = false;
  /** Keeps hosts apart in time: milliseconds before an operation. */
  delay: () => number = () => 0;

  constructor(cluster: Cluster, faults: readonly Fault[], nth: number, blows: Blows) {
    this.#cluster = cluster;
    this.#blows = blows;
    this.#nth = nth;
    this.left = faults;
  }

  connect = async (name: string): Promise<Connection> => {
    await this.#turn();
    const host = this.#cluster.hosts.get(name);
    if (host === undefined || this.#isUnreachable(name))
      throw new OrchError('CONNECT_TIMED_OUT', `${name} does not answer`, { retryable: true });
    return this.#through({ host, at: new Map(), lost: false }, NOWHERE);
  };

  /** The same connection, used for a step. */
  at(connection: Connection, place: Place): Connection {
    const link = this.#links.get(connection);
    return link === undefined ? connection : this.#through(link, place);
  }

  /** A step of a node is over: its fault ends. */
  over(place: Place): void {
    this.#staying.delete(keyOf(place));
  }

  #through(link: Link, place: Place): Connection {
    const key = keyOf(place);
    const known = link.at.get(key);
    if (known !== undefined) return known;
    const wrap = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (_, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name === 'docker') return wrap(value as object);
          if (typeof value !== 'function' || name === 'close') return value;
          const call = value as (...words: unknown[]) => Promise<unknown>;
          return (...words: unknown[]) =>
            this.#carryOut(link, place, WRITES.has(String(name)), () => call.apply(target, words));
        },
      });
    const connection = wrap<Connection>(link.host);
    link.at.set(key, connection);
    this.#links.set(connection, link);
    return connection;
  }

  async #carryOut<T>(link: Link, place: Place, write: boolean, act: () => Promise<T>): Promise<T> {
    const ms = this.delay();
    if (ms > 0) await this.#cluster.time.sleep(ms);
    await this.#turn();
    const strike = this.#strikeAt(link, place, write);
    strike?.before?.();
    await this.#turn();
    this.#refuse(link);
    const done = await act();
    this.#cluster.health();
    await this.#turn();
    await strike?.after?.();
    if (strike?.cut) link.lost = true;
    await this.#turn();
    this.#refuse(link);
    return done;
  }

  /** An event; a dead controller gets none. */
  async #turn(): Promise<void> {
    if (this.dead) await new Promise(() => undefined);
    this.#cluster.time.moved();
  }

  #strikeAt(link: Link, place: Place, write: boolean): Strike | undefined {
    const key = keyOf(place);
    if (this.#again.delete(key)) return { cut: true };
    const staying = this.#staying.get(key);
    if (staying !== undefined) return staying;
    const fault = this.left.find(({ node, step }) => node === place.node && step === place.step);
    if (fault === undefined) return undefined;
    const writes = this.#writes.get(key) ?? 0;
    if (write) this.#writes.set(key, writes + 1);
    if (!isAt(fault, write, writes, this.#nth)) return undefined;
    this.left = this.left.filter((other) => other !== fault);
    const strike = strikeOf(fault, link.host.name, this.#blows);
    if (strike !== undefined) this.happened.push(fault);
    if (strike?.twice) this.#again.add(key);
    if (strike?.stays) this.#staying.set(key, strike);
    return strike;
  }

  #isUnreachable = (name: string): boolean => this.#cluster.cut || this.#cluster.down.has(name);

  #refuse(link: Link): void {
    const { name } = link.host;
    if (this.#isUnreachable(name)) link.lost = true;
    if (link.lost)
      throw new OrchError('CONNECTION_LOST', 'the SSH connection is closed', { host: name, retryable: true });
  }
}

const keyOf = ({ node, step }: Place): string => `${step} ${node}`;
