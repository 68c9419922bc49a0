import type { Data } from '../base/data.ts';
import { OrchError } from '../base/errors.ts';
import type { Connection, Reader } from '../host/connection.ts';
import type { Change, Patch, Report } from './change.ts';
import type { Claim } from './claim.ts';
import type { OnTimeout, Patience } from './gate-type.ts';
import type { Later } from './later.ts';
import type { LocalFiles } from './local-files.ts';

/** Desired state of a task that was yielded earlier on the same host. @throws NotYet while it is unknown */
export type See = <S extends Data>(task: Task<unknown, S>) => S;

export interface WantContext<L> {
  readonly local: L;
  readonly see: See;
}

/** A type of task, gate or query with its parameter types hidden: the engine works with this. */
export interface AnyTaskType {
  readonly kind: string;
  /** A gate or a query: it changes nothing. */
  readonly gate: boolean;
  readonly impact: 'none' | 'node';
  readonly afterPending: 'keep' | 'unknown';
  readonly inTraffic: boolean;
}

/** What the engine calls; parameters are already bound. */
export interface Bound<S extends Data> {
  local(io: LocalFiles): Promise<unknown>;
  read(host: Reader, local: unknown): Promise<S | null>;
  want(now: S | null, context: WantContext<unknown>): S | null;
  write(change: Change<S>, host: Connection, local: unknown, report: Report): Promise<void>;
  /** Only gates wait: for how long, the error when the time is up, and the error when waiting cannot help. */
  patience(): Patience;
  unmet(state: S | null): OrchError;
  cannotRecover(state: S | null): OrchError | undefined;
  readonly onTimeout: OnTimeout;
  result(state: S): unknown;
  fingerprint(state: S): Data;
  digestTexts(): readonly string[];
  hidden(path: string): boolean;
  show(change: Change<S>, host: Reader): Promise<Patch | undefined>;
  readonly confirmed: boolean;
  /** Kind and parameters as one text: equal texts mean the same desired state. */
  readonly statement: string;
}

/**
 * One task: a type with its parameters. `yield task` adds it to the program; `const x = yield* task` also returns its
 * result. Pass a task as a parameter of another one to make that one depend on it.
 */
export class Task<R = unknown, S extends Data = Data> {
  readonly type: AnyTaskType;
  readonly claim: Claim;
  readonly title: string;
  /** Set while a parameter is unknown: such a task plans as `unknown`. */
  readonly blocked: Later | undefined;
  /** Tasks among the parameters. */
  readonly uses: readonly Task[];
  /** Name of the host it runs on, if not the play's host. */
  readonly on: string | undefined;
  readonly #bound: Bound<S> | undefined;

  constructor(parts: {
    readonly type: AnyTaskType;
    readonly claim: Claim;
    readonly title: string;
    readonly blocked: Later | undefined;
    readonly uses: readonly Task[];
    readonly on: string | undefined;
    readonly bound: Bound<S> | undefined;
  }) {
    this.type = parts.type;
    this.claim = parts.claim;
    this.title = parts.title;
    this.blocked = parts.blocked;
    this.uses = parts.uses;
    this.on = parts.on;
    this.#bound = parts.bound;
  }

  get bound(): Bound<S> {
    if (this.#bound === undefined)
      throw new OrchError('INTERNAL', `${this.title} was used before its parameters were known`);
    return this.#bound;
  }

  /** The same task, run on another host of the inventory (a balancer, for example) as a step of this host's program. */
  delegate(host: string): Task<R, S> {
    const { type, claim, title, blocked, uses } = this;
    return new Task<R, S>({ type, claim, title: `${title} (on ${host})`, blocked, uses, on: host, bound: this.#bound });
  }

  /**
   * The same task with parts of its behavior replaced. For harnesses that inject failures, not for playbooks.
   * @example gate.override(({ patience }) => ({ patience: () => ({ ...patience(), withinMs: 1000 }) }))
   */
  override(change: (bound: Bound<S>) => Partial<Bound<S>>): Task<R, S> {
    const { type, claim, title, blocked, uses, on } = this;
    const bound = this.#bound && { ...this.#bound, ...change(this.#bound) };
    return new Task<R, S>({ type, claim, title, blocked, uses, on, bound });
  }

  /** Its form inside another task's `statement`. */
  toJSON(): string {
    return this.#bound?.statement ?? this.title;
  }

  *[Symbol.iterator](): Generator<Ask, R, unknown> {
    // The engine answers an Ask only with this task's result.
    return (yield new Ask(this)) as R;
  }
}

/** Yielded by `yield*` on a task: asks the engine to stop planning ahead and to answer with the result. */
export class Ask {
  readonly task: Task;

  constructor(task: Task) {
    this.task = task;
  }
}

/** A host's program: yields tasks, may ask for results, may return a value to the playbook. */
export type Steps<R = void> = Generator<Task | Ask, R, unknown>;
