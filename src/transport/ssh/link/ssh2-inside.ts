// What ssh2 keeps to itself may be gone or different in its next version: it is read as something of which nothing is known.

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** A field of an object's own inside; `undefined` where there is none. */
export const field = (of: unknown, name: string): unknown => (isObject(of) ? Reflect.get(of, name) : undefined);
