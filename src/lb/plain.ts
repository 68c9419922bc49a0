/** An interface's type as plain data, the form of task states. */
export type Plain<T> = T extends object ? { readonly [K in keyof T]: Plain<T[K]> } : T;

/** The same value with another type. */
export const asPlainData = <T>(value: T): Plain<T> => value as Plain<T>;
