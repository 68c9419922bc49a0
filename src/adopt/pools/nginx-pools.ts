import { commandLine } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';
import { means, type NginxServer, placesOf, serversIn } from '../../lb/nginx/servers.ts';
import type { FoundPool, FoundPools, Node } from './found-pool.ts';
import { type NginxConfig, type NginxUpstream, parseNginxConfig } from './nginx-config.ts';

const TIMEOUT_MS = 30_000;

/** Where a host has its nginx. */
export interface NginxPlace {
  readonly pid: string;
  readonly program: readonly string[];
}

const USUAL: NginxPlace = { pid: '/run/nginx.pid', program: ['nginx'] };

/**
 * The pools of nginx on a host: each upstream that includes one file of `server` lines, whether it balances HTTP or a stream. None where
 * nginx does not run.
 */
export async function nginxPools(host: Reader, nodes: readonly Node[], place = USUAL): Promise<FoundPools> {
  if ((await host.stat(place.pid)) === null) return { pools: [], notes: [] };
  const script = `export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin"; ${commandLine([...place.program, '-T'])} 2>/dev/null`;
  const { code, stdout } = await host.test({ script }, { timeoutMs: TIMEOUT_MS });
  if (code !== 0)
    return { pools: [], notes: [`${host.name}: nginx does not show its configuration: see nginx -T on that host`] };
  const config = parseNginxConfig(stdout);
  const pools = new Map<string, FoundPool>();
  const notes: string[] = [];
  for (const upstream of config.upstreams) {
    const { members, include, why } = serversOf(config, upstream, nodes);
    if (include !== undefined)
      // Several upstreams may include one file: a server of it is drained in all of them.
      for (const pool of members)
        pools.set(`${include} ${pool.port}`, { host: host.name, driver: { driver: 'nginx', include }, ...pool });
    else if (members.length > 0)
      notes.push(
        `${host.name}: the upstream ${upstream.name} of nginx ${why}, so no run can drain ${namesIn(members)} there: put its server lines, and nothing else, into one file that it includes (docs/inventory.md, nginx), then run discover again`,
      );
  }
  return { pools: [...pools.values()], notes: [...notes, ...passed(host.name, config, nodes)] };
}

type Members = Pick<FoundPool, 'members' | 'port'>;

const namesIn = (pools: readonly Members[]): string => [...new Set(pools.flatMap(({ members }) => members))].join(', ');

/** `include`: the file of its servers, where it has them in one; else `why` not. */
interface UpstreamServers {
  readonly members: readonly Members[];
  readonly include?: string;
  readonly why?: string;
}

function serversOf(config: NginxConfig, upstream: NginxUpstream, nodes: readonly Node[]): UpstreamServers {
  const paths = config.included(upstream);
  const texts = paths.flatMap((path) => config.files.get(path) ?? []);
  const own = readable(upstream.body);
  const others = texts.map(readable);
  const members = membersAmong(nodes, [...own.servers, ...others.flatMap(({ servers }) => servers)]);
  const [include] = paths;
  if (!own.isWhole || own.servers.length > 0) return { members, why: 'has servers in the block itself' };
  if (paths.length > 1) return { members, why: 'includes several files' };
  if (others.some(({ isWhole }) => !isWhole)) return { members, why: 'includes a file with more than server lines' };
  return include === undefined ? { members } : { members, include };
}

/** Servers that are passed requests without an upstream. */
const passed = (host: string, { passes }: NginxConfig, nodes: readonly Node[]): readonly string[] =>
  nodes.flatMap(({ name, address }) =>
    placesOf(passes, address).map(
      ({ port }) =>
        `${host}: nginx passes requests to port ${port} of ${name} without an upstream, so no run can drain it there: pass them to an upstream that includes a file of server lines (docs/inventory.md, nginx), then run discover again`,
    ),
  );

function membersAmong(nodes: readonly Node[], servers: readonly NginxServer[]): readonly Members[] {
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

/** The servers of a text; where it is more than a list of directives, those that its lines show. */
function readable(text: string): { readonly servers: readonly NginxServer[]; readonly isWhole: boolean } {
  try {
    return { servers: serversIn(text), isWhole: true };
  } catch (error) {
    if (!(error instanceof OrchError)) throw error;
    const lines = [...text.matchAll(/^[ \t]*server[ \t]+[\w.:[\]-]+/gm)].map(([line]) => `${line};`);
    return { servers: serversIn(lines.join('\n')), isWhole: false };
  }
}
