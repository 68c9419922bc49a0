/**
 * The tree with plain objects in place of Maps, as the schema takes it. The order of keys that are whole numbers is lost:
 * where the order of names counts, it is taken from the Maps.
 */
export function plainTree(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainTree);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, field]) => [key, plainTree(field)]));
  return value;
}
