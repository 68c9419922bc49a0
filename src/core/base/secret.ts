import { scrypt, scryptSync } from 'node:crypto';
import { inspect } from 'node:util';
import { sha256 } from './data.ts';

/** Printed in place of a secret. */
export const MASK = '***';

/** Shorter values are not masked in output: they could be part of any word. */
export const SHORTEST_SECRET = 4;

let known = new Set<string>();

/**
 * A value that must not be printed. It prints as `***` everywhere. Only `reveal` returns it. Only code that passes it
 * to a host's stdin, a file's content or an API body may call `reveal`.
 *
 * @example const password = Secret.of(process.env.DB_PASSWORD ?? ''); `${password}` // '***'
 */
export class Secret {
  readonly #value: string;

  private constructor(value: string) {
    this.#value = value;
  }

  static of(value: string): Secret {
    if (value.length >= SHORTEST_SECRET) known.add(value);
    return new Secret(value);
  }

  /** A secret that output is not searched for: it contains known secrets, or it was visible while typing. */
  static containing(value: string): Secret {
    return new Secret(value);
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** Text that may be secret. */
export type Text = string | Secret;

export const reveal = (text: Text): string => (text instanceof Secret ? text.reveal() : text);

/** All values of this process's secrets, for the redactor. */
export const knownSecrets = (): ReadonlySet<string> => known;

const SALT = 'api7-orch secret digest';
const COST = { N: 16384, r: 8, p: 1 } as const;
const BYTES = 24;

const digestTexts = new Map<string, string>();
const stretching = new Map<string, Promise<void>>();

const asText = (key: Buffer): string => `s1:${key.toString('hex')}`;

/**
 * A digest of a secret that may be stored in a container's label. Slow on purpose, so that a short password cannot be
 * guessed from it. Deterministic, computed once per value and run. Blocks for about 50 ms, unless `precomputeDigests`
 * has computed it.
 */
export function stretchedDigest(value: string): string {
  const key = sha256(value);
  const done = digestTexts.get(key);
  if (done !== undefined) return done;
  const digest = asText(scryptSync(value, SALT, BYTES, COST));
  digestTexts.set(key, digest);
  return digest;
}

/**
 * Computes the stretched digests of these values on other threads, each value once, so that `stretchedDigest` returns
 * at once.
 *
 * @example await Promise.all([host.docker.container('web'), precomputeDigests([password.reveal()])]);
 */
export async function precomputeDigests(values: readonly string[]): Promise<void> {
  await Promise.all(values.map(stretchOne));
}

function stretchOne(value: string): Promise<void> {
  const key = sha256(value);
  const known = digestTexts.has(key) ? Promise.resolve() : stretching.get(key);
  if (known !== undefined) return known;
  const work = new Promise<void>((resolve, reject) => {
    scrypt(value, SALT, BYTES, COST, (error, derived) => {
      if (error !== null) return reject(error);
      digestTexts.set(key, asText(derived));
      resolve();
    });
  }).finally(() => stretching.delete(key));
  stretching.set(key, work);
  return work;
}

/** Forgets all secrets. For test files that share one process: secrets of one file must not mask output of the next. */
export function forgetSecrets(): void {
  known = new Set();
}
