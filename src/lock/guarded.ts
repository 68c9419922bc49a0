import type { Connection } from '../core/host/connection.ts';
import { DOCKER_WRITES, HOST_WRITES, type Proof } from '../core/host/host-writes.ts';
import type { LockOp } from '../core/host/lock.ts';

/** A write that is about to be made. */
export interface Write {
  readonly proof: Proof;
  /** Set with `long`. */
  readonly call?: LimitedCall;
}

/** A call that may take longer than its caller lives, but no longer than so. */
export interface LimitedCall {
  readonly op: Omit<LockOp, 'until'>;
  readonly limitMs: number;
}

/** Carries out a write once its lock is proved, on the connection that checks it. */
export type Gate = <T>(write: Write, act: (checked: Connection) => Promise<T>) => Promise<T>;

/**
 * Longest that the Engine may take for them, beyond what a caller says. Who takes over waits for so long where the end of a call cannot
 * be seen. The Engine refuses to remove what runs, so a removal that comes later can only hit a container before its start, and that
 * start then fails with an error. A start that comes later is seen by the run that wants the container stopped: it looks again.
 */
const LIMITS: Readonly<Record<LockOp['what'], number>> = { start: 10_000, stop: 60_000, remove: 20_000 };

/**
 * The same connection, every write of which goes through the gate, whatever it is called: that is told by the tables of
 * `host-writes.ts`, which the compiler keeps whole.
 */
export function guarded(connection: Connection, gate: Gate): Connection {
  const through = <T extends object>(
    target: T,
    proofs: Readonly<Record<string, Proof>>,
    inside: (checked: Connection) => object,
  ): T =>
    new Proxy(target, {
      get(_, name) {
        const key = String(name);
        if (key === 'docker') return through(connection.docker, DOCKER_WRITES, (checked) => checked.docker);
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const proof = Object.hasOwn(proofs, key) ? proofs[key] : undefined;
        if (proof === undefined) return value.bind(target);
        return (...words: readonly unknown[]) =>
          gate({ proof, ...(proof === 'long' ? { call: callOf(key, words) } : {}) }, async (checked) => {
            const receiver = inside(checked);
            return await Reflect.apply(Reflect.get(receiver, name), receiver, words);
          });
      },
    });
  return through(connection, HOST_WRITES, (checked) => checked);
}

function callOf(key: string, [container, options]: readonly unknown[]): LimitedCall {
  const what = key === 'start' || key === 'stop' ? key : 'remove';
  const seconds = options !== null && typeof options === 'object' ? Reflect.get(options, 'timeoutSeconds') : undefined;
  return {
    op: { what, container: String(container) },
    limitMs: LIMITS[what] + (typeof seconds === 'number' ? seconds * 1000 : 0),
  };
}
