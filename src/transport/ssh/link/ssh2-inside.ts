// ssh2's internals may change in its next version: they are read as unknown values.

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** An internal field of an object; `undefined` if it does not exist. */
export const field = (of: unknown, name: string): unknown => (isObject(of) ? Reflect.get(of, name) : undefined);
