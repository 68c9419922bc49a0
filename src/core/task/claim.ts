/**
 * What a task's write may change, and so its identity on a host: `file:/path` (one file or directory entry),
 * `tree:/path` (the path and all below), `container:name`, `image:ref`, `command:name`. Gates and queries change
 * nothing: `gate:…`.
 */
export type Claim = `${'file' | 'tree' | 'container' | 'image' | 'command' | 'gate' | 'state'}:${string}`;

const split = (claim: Claim): readonly [kind: string, name: string] => {
  const at = claim.indexOf(':');
  return [claim.slice(0, at), claim.slice(at + 1)];
};

const inside = (path: string, tree: string): boolean =>
  path === tree || path.startsWith(tree === '/' ? '/' : `${tree}/`);

/**
 * Whether two tasks with these claims could write the same object.
 *
 * @example overlaps('tree:/opt/api7/package', 'file:/opt/api7/package/VERSION') // true
 */
export function overlaps(a: Claim, b: Claim): boolean {
  const [kindA, nameA] = split(a);
  const [kindB, nameB] = split(b);
  if (kindA === 'gate' || kindB === 'gate') return false;
  if (kindA === 'tree' && (kindB === 'tree' || kindB === 'file'))
    return inside(nameB, nameA) || (kindB === 'tree' && inside(nameA, nameB));
  if (kindB === 'tree' && kindA === 'file') return inside(nameA, nameB);
  return a === b;
}
