/**
 * The list under a key of a map, which is there from now on.
 *
 * @example listAt(byName, 'gw-1').push(entry)
 */
export function listAt<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const list = lists.get(key) ?? [];
  if (list.length === 0) lists.set(key, list);
  return list;
}
