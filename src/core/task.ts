import type { z } from 'zod';
import type { Claim } from './claim.ts';
import type { Connection, Reader } from './connection.ts';
import { canonicalJson, type Data } from './data.ts';
import type { Difference } from './diff.ts';
import { OrchError } from './errors.ts';
import { findLater, type Later } from './later.ts';
import type { LocalFiles } from './local-files.ts';

export interface Change<S> {
  readonly before: S | null;
  readonly after: S | null;
  readonly differences: readonly Difference[];
}

/** Desired state of a task that was yielded earlier on the same host. @throws NotYet when that is not known yet */
export type See = <S extends Data>(task: Task<unknown, S>) => S;

export interface WantContext<L> {
  readonly local: L;
  readonly see: See;
}

/** How long a gate may take: the same answer `passes` times in a row, asked every `everyMs`, within `withinMs` (0: once). */
export interface Patience {
  readonly withinMs: number;
  readonly everyMs: number;
  readonly passes: number;
}

/** Before and after as text, for the eyes only. */
export interface Patch {
  readonly before: string;
  readonly after: string;
}

/**
 * A kind of task: how to read its state, what state is wanted, and how to write the difference. The engine derives plan,
 * check mode, diff and "changed" from these, so that they cannot disagree.
 */
export interface TaskType<P extends z.ZodType, L, S extends Data, R> {
  readonly kind: string;
  readonly params: P;
  /** What a write may touch. */
  claim(p: z.output<P>): Claim;
  /** One line for people; default: kind and claim. */
  title?(p: z.output<P>): string;
  /** 'node' (default): a change may alter what this node serves. 'none': it never does. */
  readonly impact?: 'none' | 'node';
  /** Work on the controller, done once per run and parameters: digests, archive contents. */
  local?(p: z.output<P>, io: LocalFiles): Promise<L>;
  read(p: z.output<P>, host: Reader, local: L): Promise<S | null>;
  /** Pure. Lays its decisions over `now`: what it does not mention passes through and never counts as a change. */
  want(p: z.output<P>, now: S | null, context: WantContext<L>): S | null;
  /** Absent: the type is a gate. Must be safe to repeat. */
  write?(p: z.output<P>, change: Change<S>, host: Connection, local: L): Promise<void>;
  /** Gates only: how long to wait. */
  patience?(p: z.output<P>): Patience;
  /** Gates only: the error when the wait is over, from the last state read. */
  unmet?(p: z.output<P>, state: S | null): OrchError;
  /** Gates only: an error when waiting longer cannot help (the container behind the port crashes again and again). */
  hopeless?(p: z.output<P>, state: S | null): OrchError | undefined;
  result?(state: S): R;
  /** What containers started from this task are stamped with; default: the state itself. */
  fingerprint?(p: z.output<P>, state: S): Data;
  /** Whether a state field must not be shown (`env.PASSWORD`, a digest of secret content). */
  hidden?(p: z.output<P>, path: string): boolean;
  show?(p: z.output<P>, change: Change<S>, host: Reader): Promise<Patch>;
  /** In check mode, after a pending change on the same host, this cannot be known (commands). */
  readonly afterPending?: 'keep' | 'unknown';
  /** False where there is nothing to read back: a command that always runs. Default true. */
  confirmed?(p: z.output<P>): boolean;
}

/** A task type with its parameter types closed over: what the engine works with. */
export interface AnyTaskType {
  readonly kind: string;
  readonly gate: boolean;
  readonly impact: 'none' | 'node';
  readonly afterPending: 'keep' | 'unknown';
}

/** What the engine calls; parameters are already bound. */
export interface Bound<S extends Data> {
  local(io: LocalFiles): Promise<unknown>;
  read(host: Reader, local: unknown): Promise<S | null>;
  want(now: S | null, context: WantContext<unknown>): S | null;
  write(change: Change<S>, host: Connection, local: unknown): Promise<void>;
  patience(): Patience;
  unmet(state: S | null): OrchError;
  hopeless(state: S | null): OrchError | undefined;
  result(state: S): unknown;
  fingerprint(state: S): Data;
  hidden(path: string): boolean;
  show(change: Change<S>, host: Reader): Promise<Patch | undefined>;
  readonly confirmed: boolean;
  /** Kind and parameters as one text: two tasks with the same one state the same thing. */
  readonly statement: string;
}

/**
 * One stated task: a type with its parameters. `yield task` states it; `const x = yield* task` asks for its result.
 * Passing the task itself to another one is how tasks depend on each other.
 */
export class Task<R = unknown, S extends Data = Data> {
  readonly type: AnyTaskType;
  readonly claim: Claim;
  readonly title: string;
  /** Set while a parameter is not known yet: such a task plans as `unknown`. */
  readonly blocked: Later | undefined;
  /** Tasks among the parameters. */
  readonly uses: readonly Task[];
  /** Name of the host it runs on when that is not the play's host. */
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

  /** The same task, carried out on another host of the inventory (a balancer, say) as a step of this one. */
  delegate(host: string): Task<R, S> {
    return new Task<R, S>({
      type: this.type,
      claim: this.claim,
      title: `${this.title} (on ${host})`,
      blocked: this.blocked,
      uses: this.uses,
      on: host,
      bound: this.#bound,
    });
  }

  /** How it appears inside another task's statement. */
  toJSON(): string {
    return this.claim;
  }

  *[Symbol.iterator](): Generator<Ask, R, unknown> {
    // The engine answers an Ask with this task's result, and with nothing else.
    return (yield new Ask(this)) as R;
  }
}

/** What `yield*` on a task hands to the engine: please stop reading ahead and answer with the result. */
export class Ask {
  readonly task: Task;

  constructor(task: Task) {
    this.task = task;
  }
}

/** A host's program: yields tasks, may ask for results, may return something to the playbook. */
export type Steps<R = void> = Generator<Task | Ask, R, unknown>;

function tasksIn(value: unknown): readonly Task[] {
  if (value instanceof Task) return [value];
  if (Array.isArray(value)) return value.flatMap(tasksIn);
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.values(value).flatMap(tasksIn);
  return [];
}

const FIRM: Patience = { withinMs: 0, everyMs: 1000, passes: 1 };

function bind<P extends z.ZodType, L, S extends Data, R>(type: TaskType<P, L, S, R>, p: z.output<P>): Bound<S> {
  // `local` is whatever this type's own `local` returned: the engine only carries it.
  const own = (local: unknown): L => local as L;
  return {
    local: async (io) => type.local?.(p, io),
    read: (host, local) => type.read(p, host, own(local)),
    want: (now, context) => type.want(p, now, { see: context.see, local: own(context.local) }),
    write: async (change, host, local) => type.write?.(p, change, host, own(local)),
    patience: () => type.patience?.(p) ?? FIRM,
    unmet: (state) => type.unmet?.(p, state) ?? new OrchError('GATE_UNMET', `${type.kind} is not as it must be`),
    hopeless: (state) => type.hopeless?.(p, state),
    result: (state) => type.result?.(state),
    fingerprint: (state) => type.fingerprint?.(p, state) ?? state,
    hidden: (path) => type.hidden?.(p, path) ?? false,
    show: async (change, host) => type.show?.(p, change, host),
    confirmed: type.confirmed?.(p) ?? true,
    statement: `${type.kind} ${canonicalJson(p)}`,
  };
}

/**
 * Makes a task type's constructor. Parameters are checked when the task is made: by the compiler in the editor, by zod
 * at run time.
 *
 * @throws OrchError TASK_PARAMS when parameters do not fit
 * @example export const directory = defineTask({ kind: 'directory', params: z.object({ path: z.string() }), … });
 */
export function defineTask<P extends z.ZodType, L, S extends Data, R = void>(
  type: TaskType<P, L, S, R>,
): (params: z.input<P>) => Task<R, S> {
  const facts: AnyTaskType = {
    kind: type.kind,
    gate: type.write === undefined,
    impact: type.impact ?? 'node',
    afterPending: type.afterPending ?? 'keep',
  };
  return (raw) => {
    const blocked = findLater(raw);
    const uses = tasksIn(raw);
    if (blocked !== undefined) {
      const title = `${type.kind} (needs ${blocked.why})`;
      return new Task<R, S>({
        type: facts,
        claim: `state:${title}`,
        title,
        blocked,
        uses,
        on: undefined,
        bound: undefined,
      });
    }
    const parsed = type.params.safeParse(raw);
    if (!parsed.success) {
      const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`);
      throw new OrchError('TASK_PARAMS', `${type.kind}: ${issues.join('; ')}`, {
        hint: 'correct the parameters in the playbook',
      });
    }
    const claim = type.claim(parsed.data);
    const title = type.title?.(parsed.data) ?? `${type.kind} ${claim.slice(claim.indexOf(':') + 1)}`;
    return new Task<R, S>({
      type: facts,
      claim,
      title,
      blocked: undefined,
      uses,
      on: undefined,
      bound: bind(type, parsed.data),
    });
  };
}
