import { posix } from 'node:path';
import { OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';
import { means, type NginxServer, serversIn } from '../../lb/nginx/servers.ts';
import type { FoundPool, FoundPools, Node } from './found-pool.ts';

const PID = '/run/nginx.pid';
const ROOT = '/etc/nginx';
const SHOW = 'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin"; nginx -T 2>/dev/null';
const TIMEOUT_MS = 30_000;

/** Longer lines of a configuration hold no upstream. */
const LONGEST_LINE = 4096;

interface Upstream {
  readonly name: string;
  readonly includes: string[];
  /** Lines of the block itself that name servers. */
  readonly own: string[];
}

/** The pools of nginx on a host: each upstream that includes a file of its own with servers. None where it does not run. */
export async function nginxPools(host: Reader, nodes: readonly Node[]): Promise<FoundPools> {
  if ((await host.stat(PID)) === null) return { pools: [], notes: [] };
  const { code, stdout } = await host.test({ script: SHOW }, { timeoutMs: TIMEOUT_MS });
  if (code !== 0)
    return { pools: [], notes: [`${host.name}: nginx does not show its configuration: see nginx -T on that host`] };
  const { files, upstreams } = parse(stdout);
  const pools: FoundPool[] = [];
  const notes: string[] = [];
  for (const { name, includes, own } of upstreams) {
    const [include] = includes;
    const servers = serversOf(include === undefined ? undefined : files.get(include));
    const members = membersAmong(nodes, servers ?? []);
    if (include !== undefined && own.length === 0 && includes.length === 1 && servers !== undefined)
      pools.push(
        ...members.map((pool) => ({ host: host.name, driver: { driver: 'nginx' as const, include }, ...pool })),
      );
    else if (namesOne(nodes, [...own, ...includes.map((path) => files.get(path) ?? '')]))
      notes.push(
        `${host.name}: nginx has the servers of upstream ${name} in the block itself, or more than servers in its file: put just them into a file that it includes (docs/inventory.md, nginx), then run discover again`,
      );
  }
  return { pools, notes };
}

/** Whether a text names the address of a node. */
const namesOne = (nodes: readonly Node[], texts: readonly string[]): boolean =>
  texts.some((text) => nodes.some(({ address }) => text.includes(address)));

function membersAmong(nodes: readonly Node[], servers: readonly NginxServer[]) {
  const ports = [...new Set(servers.map(({ address }) => Number(/:(\d+)$/.exec(address)?.[1] ?? 80)))].sort(
    (a, b) => a - b,
  );
  return ports
    .map((port) => ({
      port,
      members: nodes
        .filter(({ address }) => servers.some((server) => means(server, address, port)))
        .map(({ name }) => name),
    }))
    .filter(({ members }) => members.length > 0);
}

function serversOf(text: string | undefined): readonly NginxServer[] | undefined {
  if (text === undefined) return undefined;
  try {
    return serversIn(text);
  } catch (error) {
    if (error instanceof OrchError) return undefined;
    throw error;
  }
}

/** What `nginx -T` prints: each file after a line that names it. Read as lines of text. */
function parse(shown: string): {
  readonly files: ReadonlyMap<string, string>;
  readonly upstreams: readonly Upstream[];
} {
  const files = new Map<string, string[]>();
  const upstreams: Upstream[] = [];
  let file: string[] = [];
  let open: Upstream | undefined;
  for (const line of shown.split('\n')) {
    const [, path] = /^# configuration file (\/.*):$/.exec(line) ?? [];
    if (path !== undefined) {
      file = [];
      files.set(path, file);
      open = undefined;
      continue;
    }
    file.push(line);
    if (line.length > LONGEST_LINE) continue;
    const [, name] = /^\s*upstream\s+([^\s{]+)/.exec(line) ?? [];
    if (name !== undefined) {
      open = { name, includes: [], own: [] };
      upstreams.push(open);
    }
    if (open === undefined) continue;
    const [, include] = /(?:^|[{;])\s*include\s+([^\s;*]+)\s*;/.exec(line) ?? [];
    if (include !== undefined) open.includes.push(posix.resolve(ROOT, include));
    if (/(?:^|[{;])\s*server\s/.test(line)) open.own.push(line);
    if (/\}\s*$/.test(line)) open = undefined;
  }
  return { files: new Map([...files].map(([path, text]) => [path, text.join('\n')])), upstreams };
}
