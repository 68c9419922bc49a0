/** One line of haproxy.cfg as words, without quotes and comments. */
type Words = readonly string[];

/** A `backend` or `listen` section; `inherited` are the lines of its `defaults`. */
export interface HaproxySection {
  readonly name: string;
  readonly lines: readonly Words[];
  readonly inherited: Defaults;
}

/** A `defaults` section, and the one that it inherits from. */
interface Defaults {
  readonly lines: Words[];
  readonly from?: Defaults;
}

export interface HaproxyConfig {
  /** Sections `backend` and `listen` by name. */
  readonly backends: ReadonlyMap<string, HaproxySection>;
  readonly global: readonly Words[];
}

const SECTIONS = new Set(
  'global defaults frontend backend listen peers resolvers userlist mailers program cache ring http-errors fcgi-app log-forward'.split(
    ' ',
  ),
);

/** Keywords about health checks, persistence, state across reloads, and sockets. Other lines are not kept. */
const KEPT = new Set(
  'stats server server-template default-server spread-checks timeout cookie option stick use-server force-persist persist appsession server-state-file load-server-state-from-file'.split(
    ' ',
  ),
);

/** Reads what health checks and persistence need from haproxy.cfg. Ignores unknown lines. */
export function parseHaproxyConfig(text: string): HaproxyConfig {
  const backends = new Map<string, HaproxySection>();
  const named = new Map<string, Defaults>();
  const global: Words[] = [];
  let defaults: Defaults = { lines: [] };
  let lines: Words[] = [];
  for (const line of linesIn(text.replaceAll('\\\n', ' '))) {
    const words = wordsOf(line);
    const [keyword = '', name = ''] = words;
    if (!SECTIONS.has(keyword)) {
      if (KEPT.has(keyword)) lines.push(words);
      continue;
    }
    lines = keyword === 'global' ? global : [];
    const from = named.get(words[words.indexOf('from') + 1] ?? '');
    const inherited = words.includes('from') && from !== undefined ? from : defaults;
    if (keyword === 'backend' || keyword === 'listen') backends.set(name, { name, lines, inherited });
    if (keyword === 'defaults') {
      defaults = { lines, ...(words.includes('from') && from !== undefined ? { from } : {}) };
      if (name !== '' && name !== 'from') named.set(name, defaults);
    }
  }
  return { backends, global };
}

/** One line at a time: an array of all lines would be many times as large as the text. */
function* linesIn(text: string): Generator<string> {
  let from = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
    yield text.slice(from, end);
    from = end + 1;
  }
  yield text.slice(from);
}

/** The lines that apply to a section, in order: its own, those of its defaults, those that these inherit. */
export function listsFor({ lines, inherited }: HaproxySection): readonly (readonly Words[])[] {
  const lists: (readonly Words[])[] = [lines];
  for (let at: Defaults | undefined = inherited; at !== undefined; at = at.from) lists.push(at.lines);
  return lists;
}

function wordsOf(line: string): Words {
  const words: string[] = [];
  for (const [, quoted, double, comment, bare] of line.matchAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|(#.*)|((?:[^\s'"#\\]|\\.)+)/g,
  )) {
    if (comment !== undefined) break;
    words.push(quoted ?? double ?? (bare ?? '').replace(/\\(.)/g, '$1'));
  }
  return words;
}

/** Options of a server, in order: its own line, the section's `default-server`, that of its defaults. */
export function serverOptions(section: HaproxySection, server: string): readonly Words[] | undefined {
  const own = section.lines.find((words) => isServer(words, server));
  if (own === undefined) return undefined;
  const lists = listsFor(section).flatMap((lines) =>
    lines
      .filter(([keyword]) => keyword === 'default-server')
      .map((words) => words.slice(1))
      .reverse(),
  );
  return [own.slice(own[0] === 'server' ? 3 : 4), ...lists];
}

function isServer([keyword, name = '', third = '']: Words, server: string): boolean {
  if (keyword === 'server') return name === server;
  if (keyword !== 'server-template' || !server.startsWith(name)) return false;
  const [first = 1, last = first] = third.includes('-') ? third.split('-').map(Number) : [1, Number(third)];
  const rest = server.slice(name.length);
  return /^\d+$/.test(rest) && Number(rest) >= first && Number(rest) <= last;
}

/** The word after an option, from the first line that has it. */
export function optionOf(lists: readonly Words[], option: string): string | undefined {
  for (const words of lists) {
    const at = words.lastIndexOf(option);
    if (at >= 0) return words[at + 1];
  }
  return undefined;
}

/** Milliseconds of a time in HAProxy's notation: `500`, `2s`; undefined for any other text. */
export function haproxyTime(text: string | undefined): number | undefined {
  const [, amount, unit = 'ms'] = /^(\d+)(us|ms|s|m|h|d)?$/.exec(text ?? '') ?? [];
  if (amount === undefined) return undefined;
  const scale: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return Math.ceil(Number(amount) * (scale[unit] ?? 1));
}

/** Whether HAProxy loads the states of a backend's servers from a file at its start. */
export function loadsServerState({ global }: HaproxyConfig, section: HaproxySection): boolean {
  const lines = listsFor(section).flatMap(
    (list) => list.findLast(([word]) => word === 'load-server-state-from-file') ?? [],
  );
  const [, from] = lines;
  return from === 'local' || (from === 'global' && global.some(([word]) => word === 'server-state-file'));
}

/** Keywords that may send a request to a drained server; a `cookie` only with a value on the server's line. */
const PERSISTENT = new Set(['stick', 'use-server', 'force-persist', 'persist', 'appsession']);

/** Whether a backend may send requests to its drained server. */
export function mayStick(section: HaproxySection): boolean {
  return listsFor(section).some((lines) =>
    lines.some(
      ([keyword = '', second]) =>
        PERSISTENT.has(keyword) || keyword === 'cookie' || (keyword === 'option' && second === 'persist'),
    ),
  );
}
