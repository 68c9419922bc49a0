/** A group in the file: its own hosts and child groups. */
export interface GroupNode {
  readonly hosts: readonly string[];
  readonly children: readonly string[];
}

/** Each group with all its hosts, children included, in inventory order. Unknown names and cycles add nothing. */
export function groupMembers(
  hosts: readonly string[],
  groups: ReadonlyMap<string, GroupNode>,
): ReadonlyMap<string, readonly string[]> {
  const below = (name: string, seen: Set<string>): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const child of groups.get(name)?.children ?? []) below(child, seen);
  };
  return new Map(
    [...groups.keys()].map((name) => {
      const seen = new Set<string>();
      below(name, seen);
      const members = new Set([...seen].flatMap((group) => groups.get(group)?.hosts ?? []));
      return [name, hosts.filter((host) => members.has(host))];
    }),
  );
}

/** Group names in the file's order, but each parent before its children. Later ones override earlier ones. */
export function parentsFirst(groups: ReadonlyMap<string, GroupNode>): readonly string[] {
  const done = new Set<string>();
  const parents = (name: string): readonly string[] =>
    [...groups].filter(([, group]) => group.children.includes(name)).map(([parent]) => parent);
  const add = (name: string): void => {
    if (done.has(name)) return;
    for (const parent of parents(name)) add(parent);
    done.add(name);
  };
  for (const name of groups.keys()) add(name);
  return [...done];
}

/** The first chain of groups that leads back to its beginning: `['a', 'b', 'a']`. */
export function groupCycle(name: string, groups: ReadonlyMap<string, GroupNode>): readonly string[] | undefined {
  const seen = new Set<string>();
  const follow = (at: string, chain: readonly string[]): readonly string[] | undefined => {
    for (const child of groups.get(at)?.children ?? []) {
      if (child === name) return [...chain, child];
      if (seen.has(child)) continue;
      seen.add(child);
      const found = follow(child, [...chain, child]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return follow(name, [name]);
}
