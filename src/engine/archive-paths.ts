/** A link in an archive: what it stands for, as its header says. */
export interface ArchiveLink {
  /** Hard links name their target from the top of the archive, symbolic ones from where they are. */
  readonly hard: boolean;
  readonly target: string;
}

/** More links than a system follows. */
const HOPS = 40;

/** A member's name as a host's file tree has it; `null` for one that would be unpacked outside of the directory. */
export function plainName(name: string): string | null {
  const plain = name.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
  return plain.startsWith('/') || plain.split('/').includes('..') ? null : plain;
}

/**
 * The first link that leads outside of the directory, by itself or by way of others: what is written or read through it
 * on the host would not be the package's.
 *
 * @example strayLink(new Map([['conf', { hard: false, target: '../../etc' }]])) // 'conf'
 */
export function strayLink(links: ReadonlyMap<string, ArchiveLink>): string | undefined {
  return [...links].find(([name, { hard, target }]) => {
    const start = hard ? [] : name.split('/').slice(0, -1);
    return target.startsWith('/') || leavesBy([...start, ...target.split('/')], links);
  })?.[0];
}

/** Walks a path as a system does, a name at a time, for `a/..` is elsewhere where `a` is a link. */
function leavesBy(path: readonly string[], links: ReadonlyMap<string, ArchiveLink>): boolean {
  const at: string[] = [];
  const rest = [...path];
  for (let hops = 0; rest.length > 0; ) {
    const part = rest.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(part);
    const link = links.get(at.join('/'));
    if (link === undefined || link.hard) continue;
    // Nothing can be reached through a ring of links.
    if (++hops > HOPS) return false;
    if (link.target.startsWith('/')) return true;
    at.pop();
    rest.unshift(...link.target.split('/'));
  }
  return false;
}
