/** A member of an archive as far as links are concerned. */
export interface ArchiveMember {
  /** As `plainName` has it. */
  readonly name: string;
  readonly link?: ArchiveLink;
}

/** A link in an archive: what it stands for, as its header says. */
export interface ArchiveLink {
  /** Hard links name their target from the top of the archive, symbolic ones from where they are. */
  readonly hard: boolean;
  readonly target: string;
}

/** Symbolic links by name, each with its target. */
type Links = ReadonlyMap<string, string>;

/** More links than a system follows. */
const HOPS = 40;

/** Directories below each other, by way of links: deeper than any real tree. */
const DEEPEST = 256;

/** A member's name as a host's file tree has it; `null` for one that would be unpacked outside of the directory. */
export function plainName(name: string): string | null {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return name.startsWith('/') || parts.includes('..') ? null : parts.join('/');
}

/**
 * What is wrong with the links of an archive. One that leads outside of the directory, by itself or by way of others,
 * would have something written or read on the host that is not the package's. A name that is a link at one time and
 * something else at another could lead anywhere, and no archive of a real tree has such names.
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
    // A hard link to a symbolic one is that same link, read from where it stands now.
    const target = links.get(name) ?? link.target;
    const start = links.has(name) ? name.split('/').slice(0, -1) : [];
    return (
      [link.target, target].some((one) => one.startsWith('/')) || walk([...start, ...target.split('/')], links) === null
    );
  });
  return stray && `its link "${stray.name}" leads to "${stray.link?.target}", outside of the package's directory`;
}

/** Those that are made as such, and hard links to them. `null`: hard links to hard links without end, which no program makes. */
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

/** Walks a path as a system does, a name at a time, for `a/..` is elsewhere where `a` is a link. `null`: it leaves. */
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
    // Nothing can be reached through a ring of links.
    if (++hops > HOPS) return at;
    if (target.startsWith('/')) return null;
    at.pop();
    rest.unshift(...target.split('/'));
  }
  return at;
}
