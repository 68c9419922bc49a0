/** What an error code means, and what to do about it. `docs/errors.md` is generated from these. */
export type ErrorMeaning = readonly [meaning: string, action: string];

/** A table of codes that keeps its keys as types. */
export const codes = <K extends string>(table: Readonly<Record<K, ErrorMeaning>>): Readonly<Record<K, ErrorMeaning>> =>
  table;
