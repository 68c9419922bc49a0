/** A value of an interface as plain data, which task states are made of. */
export type Plain<T> = T extends object ? { readonly [K in keyof T]: Plain<T[K]> } : T;

/** The same value; only its type is told otherwise. */
export const asPlainData = <T>(value: T): Plain<T> => value as Plain<T>;
