import { reveal, Secret } from '../base/secret.ts';

/** Raised when a value is used that only an apply will bring. The engine turns it into `unknown`. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
  readonly why: string;

  constructor(why: string) {
    super(`unknown until ${why} is applied`);
    this.why = why;
  }
}

/**
 * A value that is not known yet, because the task that yields it would change something first. It may be passed on as a
 * task parameter or joined by `text`; any other use throws `NotYet`, and the rest of that host's plan is one `unknown`.
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

/** A Later whose every field is a Later too: stands for a whole result. */
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

/** The first Later anywhere inside a parameter value. Tasks and secrets are not looked into. */
export function findLater(value: unknown): Later | undefined {
  if (value instanceof Later) return value;
  if (Array.isArray(value)) return firstOf(value);
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return firstOf(Object.values(value));
  return undefined;
}

function firstOf(values: readonly unknown[]): Later | undefined {
  for (const value of values) {
    const found = findLater(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Joins texts, numbers, secrets and values not known yet. A secret part makes the whole secret; a Later part makes the
 * whole a Later (typed as text: the task that receives it plans as `unknown`).
 *
 * @example text`postgres://${user}:${password}@db/api7ee`
 */
export function text(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Secret | Later)[]
): string | Secret {
  const later = values.find((value) => value instanceof Later);
  // A Later stands in for the text it will become; every consumer goes through findLater first.
  if (later !== undefined) return later as unknown as string;
  const parts = values.map((value) => (value instanceof Secret ? reveal(value) : String(value)));
  const joined = String.raw({ raw: strings }, ...parts);
  return values.some((value) => value instanceof Secret) ? Secret.containing(joined) : joined;
}
