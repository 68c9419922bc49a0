import type { Connection } from '../core/host/connection.ts';
import { DOCKER_WRITES, HOST_WRITES, type Proof } from '../core/host/host-writes.ts';
import type { LockOp } from '../core/host/lock.ts';

/** A write that is about to happen. */
interface Write {
  readonly proof: Proof;
  /** Set with `long`. */
  readonly call?: LimitedCall;
}

/** A call that may outlive its caller, up to this limit. */
export interface LimitedCall {
  readonly op: Omit<LockOp, 'until'>;
  readonly limitMs: number;
}

/** Runs a write once its lock is checked, on the connection that checks it. */
export type Gate = <T>(write: Write, act: (checked: Connection) => Promise<T>) => Promise<T>;

/**
 * Longest time in milliseconds that the Engine may need beyond the caller's own limit. A takeover waits this long if it
 * cannot see the end of a call. The Engine refuses to remove a running container. So a late removal can only hit a
 * container before its start, and that start then fails with an error. The run that wants the container stopped reads
 * again, so it sees a late start.
 */
const LIMITS: Readonly<Record<LockOp['what'], number>> = { start: 10_000, stop: 60_000, remove: 20_000 };

/**
 * The same connection with every write passed through the gate. The tables of `host-writes.ts` list the writes, and the
 * compiler keeps them complete.
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
