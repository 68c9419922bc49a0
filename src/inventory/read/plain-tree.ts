/**
 * The tree with plain objects instead of Maps, for the schema. Numeric keys lose their order: if order matters, it
 * comes from the Maps.
 */
export function plainTree(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainTree);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, field]) => [key, plainTree(field)]));
  return value;
}
