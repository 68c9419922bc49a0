import { isIPv6 } from 'node:net';
import { OrchError } from '../../core/base/errors.ts';
import type { OtherPort } from '../../core/host/balancer.ts';

/** One `server` directive of an upstream. */
export interface NginxServer {
  /** As written: `10.0.2.21:9080`. */
  readonly address: string;
  /** Words after the address: `weight=5`, `down`. */
  readonly parameters: readonly string[];
  readonly down: boolean;
  /** End of the directive's last word, and the range of each word `down`, as indices into the text. */
  readonly end: number;
  readonly downs: readonly { readonly from: number; readonly to: number }[];
}

interface Word {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The `server` directives of an upstream's include file, in order. Ignores comments and other directives.
 *
 * @throws OrchError LB_INVALID_REPLY when the text is no list of directives; nginx would not load it either
 */
export function serversIn(text: string): readonly NginxServer[] {
  return directives(text)
    .filter(([name]) => name?.text === 'server')
    .flatMap((words): readonly NginxServer[] => {
      const [, address, ...parameters] = words;
      if (address === undefined) return [];
      const downs = parameters.filter((word) => word.text === 'down');
      return [
        {
          address: address.text.replace(/^(["'])(.*)\1$/, '$2'),
          parameters: parameters.map((word) => word.text),
          down: downs.length > 0,
          end: words.at(-1)?.to ?? 0,
          downs,
        },
      ];
    });
}

/** The text with each of these servers marked or unmarked `down`. No other character changes. */
export function withDown(text: string, changes: readonly { readonly server: NginxServer; readonly down: boolean }[]) {
  const edits = changes
    .filter(({ server, down }) => server.down !== down)
    .flatMap(({ server, down }) =>
      down
        ? [{ from: server.end, to: server.end, text: ' down' }]
        : server.downs.map(({ from, to }) => ({ from: from - blanksBefore(text, from), to, text: '' })),
    )
    .toSorted((a, b) => a.from - b.from);
  const parts: string[] = [];
  let at = 0;
  for (const { from, to, text: put } of edits) {
    parts.push(text.slice(at, from), put);
    at = to;
  }
  return [...parts, text.slice(at)].join('');
}

/** Whether a `server` directive has this address and port. Without a port, nginx uses 80. */
export const means = (server: NginxServer, address: string, port: number): boolean =>
  portAt(server.address, address) === port;

/** The port of `host:port` in nginx's notation, if the host is this address; undefined: another address. */
function portAt(text: string, address: string): number | undefined {
  const { host, port } = splitAddress(text);
  return host === canonicalHost(address) ? port : undefined;
}

/** `host:port` in nginx's notation, the host in one spelling; `host` is '' where the text is none. */
export function splitAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = '80'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return { host: canonicalHost(host.replace(/^\[(.*)\]$/, '$1')), port: Number(port) };
}

/** Longer configuration lines contain no server. */
const LONGEST_LINE = 4096;

/** All entries of a whole configuration (`nginx -T`) that send requests to an address, on any port. */
export function placesOf(config: string, address: string): readonly OtherPort[] {
  const wanted = canonicalHost(address);
  return placesIn(config).flatMap(({ host, name, port }) => (host === wanted ? [{ name, port }] : []));
}

/** The same for all addresses. Reads the configuration line by line. */
export function placesIn(config: string): readonly (OtherPort & { readonly host: string })[] {
  let upstream = '';
  return config.split('\n').flatMap((line) => {
    if (line.length > LONGEST_LINE) return [];
    const [, block] = /^\s*upstream\s+([^\s{]+)/.exec(line) ?? [];
    upstream = block ?? (/^\s*\}/.test(line) ? '' : upstream);
    const [, server, pass, url] =
      /^[^#]*?\b(?:server\s+([^\s;{]+)[^;{]*;|(\w+_pass)\s+(?:\w+:\/\/)?([^\s;/$]+))/.exec(line) ?? [];
    const { host, port } = splitAddress(server ?? url ?? '');
    const name = url === undefined ? `${upstream}/${server}` : `${pass}/${url}`;
    return host === '' ? [] : [{ host, name, port }];
  });
}

export const canonicalHost = (address: string): string =>
  (isIPv6(address) ? URL.parse(`http://[${address}]/`)?.hostname : undefined) ?? address.toLowerCase();

function blanksBefore(text: string, index: number): number {
  let from = index;
  while (text[from - 1] === ' ' || text[from - 1] === '\t') from--;
  return index - from;
}

/** Words by nginx's own rules: quotes hold spaces, a backslash escapes, `#` begins a comment between words. */
function directives(text: string): readonly (readonly Word[])[] {
  const found: Word[][] = [];
  let words: Word[] = [];
  for (const match of text.matchAll(
    /\s+|#[^\n]*|[;{}]|(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|(?:\\[\s\S]|[^\s;{}\\])+)/g,
  )) {
    const [part] = match;
    if (/^[\s#]/.test(part)) continue;
    if (part === '{' || part === '}') throw unreadable('it contains a block');
    if (part === ';') {
      found.push(words);
      words = [];
    } else words.push({ text: part, from: match.index, to: match.index + part.length });
  }
  if (words.length > 0) throw unreadable(`"${words.map(({ text: word }) => word).join(' ')}" ends without ";"`);
  return found;
}

const unreadable = (why: string): OrchError =>
  new OrchError('LB_INVALID_REPLY', `the include file of this upstream cannot be understood: ${why}`, {
    hint: 'it may hold only lines such as "server 10.0.2.21:9080 weight=5;"',
  });
