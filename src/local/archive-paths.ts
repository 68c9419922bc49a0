/** A member of an archive, as far as links matter. */
export interface ArchiveMember {
  /** Normalized by `plainName`. */
  readonly name: string;
  readonly link?: ArchiveLink;
}

/** A link in an archive, with the target from its header. */
interface ArchiveLink {
  /** Hard links name their target from the top of the archive, symbolic ones from their own directory. */
  readonly hard: boolean;
  readonly target: string;
}

/** Symbolic links by name, each with its target. */
type Links = ReadonlyMap<string, string>;

/** More links than a system follows. */
const HOPS = 40;

/** Nested directories, links included: deeper than any real tree. */
const DEEPEST = 256;

/** A member's name as a path in the target directory; `null` if it would be unpacked outside of it. */
export function plainName(name: string): string | null {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return name.startsWith('/') || parts.includes('..') ? null : parts.join('/');
}

/**
 * The problem with an archive's links; undefined: none. A link that leads outside of the directory, directly or over
 * others, could read or write other files on the host. A name that is first a link and then something else could lead
 * anywhere, and no real archive has such names.
 *
 * @example linkFault([{ name: 'conf', link: { hard: false, target: '../../etc' } }]) // 'its link "conf" leads to …'
 */
export function linkFault(members: readonly ArchiveMember[]): string | undefined {
  const seen = new Map<string, ArchiveLink | undefined>();
  for (const { name, link } of members) {
    const before = seen.get(name);
    if (seen.has(name) && (before?.target !== link?.target || before?.hard !== link?.hard))
      return `its member "${name}" is there twice, and a link at least once`;
    seen.set(name, link);
  }
  const links = symbolicLinks(members);
  if (links === null) return 'its hard links lead to one another';
  for (const { name } of members) {
    const above = parents(name).find((parent) => links.has(parent));
    if (above !== undefined) return `its member "${name}" lies beneath the link "${above}"`;
  }
  const stray = members.find(({ name, link }) => {
    if (link === undefined) return false;
    // A hard link to a symbolic one is the same link, resolved from its own position.
    const target = links.get(name) ?? link.target;
    const start = links.has(name) ? name.split('/').slice(0, -1) : [];
    return (
      [link.target, target].some((one) => one.startsWith('/')) || walk([...start, ...target.split('/')], links) === null
    );
  });
  return stray && `its link "${stray.name}" leads to "${stray.link?.target}", outside of the package's directory`;
}

/** The symbolic links, and hard links to them. `null`: an endless chain of hard links, which no program creates. */
function symbolicLinks(members: readonly ArchiveMember[]): Links | null {
  const links = new Map<string, string>();
  const hard = new Map<string, string>();
  for (const { name, link } of members) if (link !== undefined) (link.hard ? hard : links).set(name, link.target);
  let passes = 0;
  for (let found = true; found; ) {
    found = false;
    if (++passes > HOPS) return null;
    for (const [name, target] of hard) {
      const parts = target.split('/').filter((part) => part !== '' && part !== '.');
      const directory = walk(parts.slice(0, -1), links);
      const same = directory === null ? undefined : links.get([...directory, ...parts.slice(-1)].join('/'));
      if (same === undefined) continue;
      links.set(name, same);
      hard.delete(name);
      found = true;
    }
  }
  return links;
}

const parents = (name: string): readonly string[] => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index));

/**
 * Walks a path as a system does, name by name, because `a/..` is elsewhere if `a` is a link. `null`: it leads outside.
 */
function walk(path: readonly string[], links: Links): readonly string[] | null {
  const at: string[] = [];
  const rest = [...path];
  for (let hops = 0; rest.length > 0; ) {
    const part = rest.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return null;
      continue;
    }
    at.push(part);
    if (at.length > DEEPEST) return null;
    const target = links.get(at.join('/'));
    if (target === undefined) continue;
    // A ring of links leads to no file.
    if (++hops > HOPS) return at;
    if (target.startsWith('/')) return null;
    at.pop();
    rest.unshift(...target.split('/'));
  }
  return at;
}
