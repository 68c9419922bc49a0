import { opened } from '../tagged.ts';

/** The checks run on files that may be wrong elsewhere, so they take what is well-formed and leave the rest to the schema. */
export const fieldsOf = (value: unknown): ReadonlyMap<string, unknown> =>
  isBlock(value) ? new Map([...value].map(([key, field]) => [key, opened(field)])) : new Map();

export const isBlock = (value: unknown): value is ReadonlyMap<string, unknown> => value instanceof Map;

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value.map(opened) : []);

/** A text that is there; an empty one stands for a secret that could not be read. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const textsOf = (value: unknown): readonly string[] => listOf(value).filter((item) => typeof item === 'string');
