import { OrchError } from '../core/base/errors.ts';
import { didYouMean } from './did-you-mean.ts';
import { fitsRegex } from './fits-regex.ts';

/** The names that a pattern can match. */
export interface PatternNames {
  /** In inventory order. */
  readonly hosts: readonly string[];
  /** Each group with all its hosts, in inventory order. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/**
 * Names of the hosts that an Ansible host pattern selects, in inventory order. As in Ansible, unions come first, then
 * `&` intersections, then `!` exclusions, in any position; a pattern of only those starts from all hosts. Unlike in
 * Ansible, a term without a match is an error: a typo in `all:!gw-1` must not select the host that it should exclude.
 *
 * @throws OrchError NO_HOSTS_MATCHED, PATTERN_INVALID
 */
export function matchPattern(names: PatternNames, pattern: string): readonly string[] {
  const terms = termsOf(pattern).map((term) => ({
    kind: term.startsWith('!') ? 'exclude' : term.startsWith('&') ? 'intersect' : 'union',
    hosts: new Set(hostsOf(names, /^[!&]/.test(term) ? term.slice(1) : term, pattern)),
  }));
  const unions = terms.filter(({ kind }) => kind === 'union');
  const matched = names.hosts.filter(
    (host) =>
      (unions.length === 0 || unions.some(({ hosts }) => hosts.has(host))) &&
      terms.every(({ kind, hosts }) => kind === 'union' || hosts.has(host) === (kind === 'intersect')),
  );
  if (matched.length > 0) return matched;
  throw new OrchError('NO_HOSTS_MATCHED', `pattern "${pattern}" leaves no host`, { hint: known(names) });
}

/** Splits at `,` and `:`, but not inside brackets or regular expressions: `a:b[0:2],!c`, `~(?:a|b)\d{1,2}`. */
function termsOf(pattern: string): readonly string[] {
  const terms = pattern
    .split(/(?<!\(\?)[,:](?![^[]*\]|\d*\})/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
  if (terms.length > 0) return terms;
  throw new OrchError('PATTERN_INVALID', 'the host pattern is empty', { hint: 'write all for every host' });
}

function hostsOf(names: PatternNames, term: string, pattern: string): readonly string[] {
  // As in Ansible, a regular expression has no index: brackets at its end belong to it.
  const [, base, subscript] = (term.startsWith('~') ? null : /^(.+)\[(-?\d*(?:[:-]\d*)?)\]$/.exec(term)) ?? [];
  const name = base ?? term;
  const hosts = named(names, name);
  if (hosts === undefined) {
    // `gw-[13]` looks like an index, but no host is called "gw-": then it is a glob.
    const globbed = base === undefined ? undefined : named(names, term);
    if (globbed !== undefined) return globbed;
    const near = didYouMean(name, [...names.groups.keys(), ...names.hosts]);
    throw new OrchError('NO_HOSTS_MATCHED', `"${name}" is no host or group, in pattern "${pattern}"`, {
      hint: near === undefined ? known(names) : `did you mean "${near}"? ${known(names)}`,
    });
  }
  if (subscript === undefined) return hosts;
  const part = sliced(hosts, subscript, term);
  if (part.length > 0) return part;
  throw new OrchError('NO_HOSTS_MATCHED', `"${term}" is out of range: "${name}" has ${hosts.length} hosts`, {
    hint: `${name}: ${hosts.join(', ')}`,
  });
}

function named(names: PatternNames, name: string): readonly string[] | undefined {
  if (name === 'all' || name === '*') return names.hosts;
  if (name.startsWith('~')) return fitting(names, fitsRegex(name.slice(1), [...names.groups.keys(), ...names.hosts]));
  if (/[*?[]/.test(name)) {
    const glob = globOf(name);
    return fitting(names, (each) => glob.test(each));
  }
  return names.groups.get(name) ?? (names.hosts.includes(name) ? [name] : undefined);
}

/** All hosts with a matching name, or in a group with one; undefined: none. */
function fitting(names: PatternNames, fits: (name: string) => boolean): readonly string[] | undefined {
  const groups = [...names.groups].filter(([group]) => fits(group)).flatMap(([, hosts]) => hosts);
  const hit = new Set([...groups, ...names.hosts.filter(fits)]);
  return hit.size === 0 ? undefined : names.hosts.filter((host) => hit.has(host));
}

/** `[0]`, `[-1]`, `[0:2]` (inclusive, as in Ansible), `[1:]`, `[:1]`, and `[0-2]` for `[0:2]`. */
function sliced(hosts: readonly string[], subscript: string, term: string): readonly string[] {
  if (/^-?\d+$/.test(subscript))
    return hosts.slice(Number(subscript)).slice(0, Number(subscript) < -hosts.length ? 0 : 1);
  const [, from, to] = /^(\d*)[:-](\d*)$/.exec(subscript) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === ''))
    throw new OrchError('PATTERN_INVALID', `"[${subscript}]" in "${term}" is not an index or a range`, {
      hint: 'write [0], [-1], [0:2] (both ends included) or [1:]',
    });
  return hosts.slice(Number(from), to === '' ? undefined : Number(to) + 1);
}

/** Shell globs: `*`, `?`, `[ab]`, `[!ab]`. */
function globOf(glob: string): RegExp {
  const source = glob.replaceAll(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part.replace('[!', '[^').replaceAll('\\', '\\\\');
    return part.replace(/[\\^$.|+(){}\]]/, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`);
  } catch (cause) {
    throw new OrchError('PATTERN_INVALID', `"${glob}" is not a pattern`, {
      hint: 'in [...] write single characters or a range such as [1-3]',
      cause,
    });
  }
}

function known({ hosts, groups }: PatternNames): string {
  const some = (names: readonly string[]): string =>
    names.length <= 20 ? names.join(', ') : `${names.slice(0, 20).join(', ')} and ${names.length - 20} more`;
  const all = groups.size === 0 ? '' : `; groups: ${some([...groups.keys()])}`;
  return `hosts: ${some(hosts)}${all}`;
}
