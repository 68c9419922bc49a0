import { loadAll, YAMLException } from 'js-yaml';
import type { PlainYaml } from './yaml-value.ts';

/** An alias may repeat a block: a text of a few lines may stand for more than memory holds. */
const MOST_VALUES = 100_000;

/**
 * The content of a host's YAML file; `null` for an empty one; undefined where it is not one document, or holds too much.
 *
 * @example observedYaml('server: { listen: { port: 17080 } }') // { server: { listen: { port: 17080 } } }
 */
export function observedYaml(text: string): PlainYaml | undefined {
  let tree: unknown;
  try {
    const [only, ...more] = loadAll(text);
    if (more.length > 0) return undefined;
    tree = only;
  } catch (error) {
    if (error instanceof YAMLException) return undefined;
    throw error;
  }
  let left = MOST_VALUES;
  const copy = (value: unknown): PlainYaml => {
    if (left-- <= 0) throw new TooMuch();
    if (Array.isArray(value)) return value.map(copy);
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, copy(field)]));
    if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
    return null;
  };
  try {
    return copy(tree);
  } catch (error) {
    // An alias may also refer to a block that contains it.
    if (error instanceof TooMuch || error instanceof RangeError) return undefined;
    throw error;
  }
}

class TooMuch extends Error {}
