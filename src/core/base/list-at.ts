/**
 * The list under a key of a map. Adds an empty list if the key is missing.
 *
 * @example listAt(byName, 'gw-1').push(entry)
 */
export function listAt<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const list = lists.get(key) ?? [];
  if (list.length === 0) lists.set(key, list);
  return list;
}
