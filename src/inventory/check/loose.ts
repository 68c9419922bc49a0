import type { Path } from '../problem.ts';
import { opened } from '../tagged.ts';

/** Checks run on files with other errors, so they use the well-formed parts and leave the rest to the schema. */
export const fieldsOf = (value: unknown): ReadonlyMap<string, unknown> =>
  isBlock(value) ? new Map([...value].map(([key, field]) => [key, opened(field)])) : new Map();

/** The value at a path of blocks. */
export const valueIn = (block: ReadonlyMap<string, unknown>, path: Path): unknown =>
  path.reduce<unknown>((above, key) => fieldsOf(above).get(String(key)), block);

export const isBlock = (value: unknown): value is ReadonlyMap<string, unknown> => value instanceof Map;

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value.map(opened) : []);

/** A nonempty text; an empty one is the mark of an unreadable secret. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const textsOf = (value: unknown): readonly string[] => listOf(value).filter((item) => typeof item === 'string');
