import { posix } from 'node:path';

/** Patterns of `include` that are compared with all files. */
const MOST_PATTERNS = 100;

/** Longer lines of a configuration hold no upstream. */
const LONGEST_LINE = 4096;

/** An upstream, as `nginx -T` prints it. */
export interface NginxUpstream {
  readonly name: string;
  /** Path of the file that it is in. */
  readonly file: string;
  /** Between its braces, without comments. */
  readonly body: string;
}

/** What of a whole configuration is about balancing. */
export interface NginxConfig {
  /** Directory of its main file, to which other paths are relative. */
  readonly directory: string;
  /** Contents of its files, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly upstreams: readonly NginxUpstream[];
  /** Lines that pass requests on, without comments. */
  readonly passes: string;
  /** Paths of the files that an upstream includes, also by a pattern. */
  included(upstream: NginxUpstream): readonly string[];
}

/** What `nginx -T` prints: each file after a line that names it, the main one first. Read as lines of text. */
export function parseNginxConfig(shown: string): NginxConfig {
  const files = new Map<string, string[]>();
  const upstreams: { readonly name: string; readonly file: string; readonly body: string[] }[] = [];
  const passes: string[] = [];
  let file: string[] = [];
  let open: { readonly name: string; readonly file: string; readonly body: string[]; isBegun: boolean } | undefined;
  let at = '';
  for (const line of shown.split('\n')) {
    const [, path] = /^# configuration file (\/.*):$/.exec(line) ?? [];
    if (path !== undefined) {
      file = [];
      at = path;
      files.set(path, file);
      open = undefined;
      continue;
    }
    file.push(line);
    if (line.length > LONGEST_LINE) continue;
    const code = line.replace(/(^|[\s;{}])#.*$/, '$1');
    if (/\b\w+_pass\s/.test(code)) passes.push(code);
    const [begin, name] = /^\s*upstream\s+([^\s{]+)/.exec(code) ?? [];
    if (name !== undefined) {
      open = { name, file: at, body: [], isBegun: false };
      upstreams.push(open);
    }
    if (open === undefined) continue;
    let rest = code.slice(begin?.length ?? 0);
    if (!open.isBegun) {
      const brace = rest.indexOf('{');
      if (brace < 0) continue;
      open.isBegun = true;
      rest = rest.slice(brace + 1);
    }
    const end = rest.indexOf('}');
    open.body.push(end < 0 ? rest : rest.slice(0, end));
    if (end >= 0) open = undefined;
  }
  const [main = '/etc/nginx/nginx.conf'] = files.keys();
  const directory = posix.dirname(main);
  const matched = new Map<string, readonly string[]>();
  const matching = (path: string): readonly string[] => {
    const known = matched.get(path) ?? (matched.size < MOST_PATTERNS ? matchesOf(path, files) : []);
    matched.set(path, known);
    return known;
  };
  return {
    directory,
    files: new Map([...files].map(([path, text]) => [path, text.join('\n')])),
    upstreams: upstreams.map(({ name: of, file: on, body }) => ({ name: of, file: on, body: body.join('\n') })),
    passes: passes.join('\n'),
    included: ({ body }) =>
      includesIn(body)
        .map((path) => posix.resolve(directory, path))
        .flatMap((path) => (/[*?[]/.test(path) ? matching(path) : [path])),
  };
}

const includesIn = (body: string): readonly string[] =>
  [...body.matchAll(/(?:^|[\s;])include\s+["']?([^\s;"']+)["']?\s*;/g)].map(([, path = '']) => path);

/** Files that a pattern of `include` means: those that match its one `*`. Of any other pattern, those that begin alike. */
function matchesOf(path: string, files: ReadonlyMap<string, unknown>): readonly string[] {
  const [head = '', tail = '', ...more] = path.split(/[*?[]/);
  if (more.length > 0 || path[head.length] !== '*') return [...files.keys()].filter((one) => one.startsWith(head));
  return [...files.keys()].filter(
    (one) =>
      one.length >= head.length + tail.length &&
      one.startsWith(head) &&
      one.endsWith(tail) &&
      !one.slice(head.length, one.length - tail.length).includes('/'),
  );
}
