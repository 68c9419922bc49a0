import { isRecord } from '../base/data.ts';
import { reveal, Secret } from '../base/secret.ts';

/** Thrown when a program uses a value that only an apply determines. The engine turns it into `unknown`. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
  readonly why: string;

  constructor(why: string) {
    super(`unknown until ${why} is applied`);
    this.why = why;
  }
}

/**
 * A value that is unknown because its task would change something first. It may be passed on as a task parameter or
 * joined by `text`. Any other use throws `NotYet`, and the rest of that host's plan is one `unknown`.
 */
export class Later {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }

  [Symbol.toPrimitive](): never {
    throw new NotYet(this.why);
  }

  toJSON(): never {
    throw new NotYet(this.why);
  }
}

/** A Later whose fields are all Laters: represents a whole result. */
export function laterResult(why: string): unknown {
  return new Proxy(new Later(why), {
    get: (target, key) =>
      typeof key === 'symbol' || key in target
        ? Reflect.get(target, key)
        : key === 'then'
          ? undefined
          : laterResult(`${why}.${key}`),
  });
}

/** The first Later anywhere inside a parameter value. Does not search inside tasks and secrets. */
export function findLater(value: unknown): Later | undefined {
  if (value instanceof Later) return value;
  if (Array.isArray(value)) return firstOf(value);
  return isRecord(value) ? firstOf(Object.values(value)) : undefined;
}

function firstOf(values: readonly unknown[]): Later | undefined {
  for (const value of values) {
    const found = findLater(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Joins texts, numbers, secrets and unknown values. A secret part makes the whole a secret. A Later part makes the
 * whole a Later (typed as text: the task that receives it plans as `unknown`).
 *
 * @example text`postgres://${user}:${password}@db/api7ee`
 */
export function text(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Secret | Later)[]
): string | Secret {
  const later = values.find((value) => value instanceof Later);
  // The Later represents the future text; each consumer calls findLater first.
  if (later !== undefined) return later as unknown as string;
  const parts = values.map((value) => (value instanceof Secret ? reveal(value) : String(value)));
  const joined = String.raw({ raw: strings }, ...parts);
  return values.some((value) => value instanceof Secret) ? Secret.containing(joined) : joined;
}
