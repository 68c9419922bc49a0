import type { Counters } from '../../../core/host/balancer.ts';
import { compareCounters, failsEarly, isEnough, type Verdict, type Window } from '../../../rolling/soak.ts';

/** Counters by balancer. */
type ByBalancer = Readonly<Record<string, Counters>>;

/** Counters of a node and of its peers at one moment, by name. */
export type Counted = ReadonlyMap<string, ByBalancer>;

/** The balancers' counters of a node and its peers, from one moment on. */
export class Comparison {
  readonly #node: string;
  readonly #count: () => Promise<Counted>;
  readonly #begin: Counted;
  #end: Counted;

  private constructor(node: string, count: () => Promise<Counted>, begin: Counted) {
    this.#node = node;
    this.#count = count;
    this.#begin = begin;
    this.#end = begin;
  }

  /** Starts a comparison now. `count` reads all counters once. @throws OrchError when they cannot be read */
  static async begin(node: string, count: () => Promise<Counted>): Promise<Comparison> {
    return new Comparison(node, count, await count());
  }

  /** Whether some balancer counts for the node. */
  get counts(): boolean {
    return Object.keys(this.#begin.get(this.#node) ?? {}).length > 0;
  }

  /** The node has enough requests, or there is no traffic. */
  get isEnough(): boolean {
    return !this.counts || isEnough(this.#own, this.#peers);
  }

  /**
   * Reads the counters. Returns why the node has failed already; undefined: not decided. `nth`: number of this early
   * comparison, from 1.
   */
  async early(nth: number): Promise<string | undefined> {
    this.#end = await this.#count();
    return failsEarly(this.#own, this.#peers, nth);
  }

  /** Reads the counters for the last time. A node that no balancer counts for passes: its own gates must suffice. */
  async last(): Promise<Verdict> {
    this.#end = await this.#count();
    return this.#own.length > 0 ? compareCounters(this.#own, this.#peers) : { verdict: 'pass', why: '' };
  }

  get #own(): readonly Window[] {
    return this.#windows(this.#node);
  }

  get #peers(): readonly Window[] {
    return [...this.#end.keys()].filter((name) => name !== this.#node).flatMap((name) => this.#windows(name));
  }

  #windows(name: string): readonly Window[] {
    return Object.entries(this.#end.get(name) ?? {}).flatMap(([balancer, end]) => {
      const begin = this.#begin.get(name)?.[balancer];
      return begin === undefined ? [] : [{ begin, end }];
    });
  }
}
