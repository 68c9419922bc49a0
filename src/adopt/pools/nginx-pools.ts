import { commandLine } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';
import { canonicalHost, type NginxServer, placesIn, serversIn, splitAddress } from '../../lb/nginx/servers.ts';
import type { FoundPool, FoundPools, Node } from './found-pool.ts';
import { type NginxConfig, type NginxUpstream, parseNginxConfig } from './nginx-config.ts';

const TIMEOUT_MS = 30_000;

/** No balancer needs more: each is compared with the nodes. */
const MOST_UPSTREAMS = 1000;

/** Where a host has its nginx. */
interface NginxProgram {
  readonly pid: string;
  readonly program: readonly string[];
}

const USUAL: NginxProgram = { pid: '/run/nginx.pid', program: ['nginx'] };

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
  // Of a long output only the end is kept.
  if (!stdout.startsWith('# configuration file /'))
    return { pools: [], notes: [`${host.name}: the configuration of nginx is too long to be read for pools`] };
  const config = parseNginxConfig(stdout);
  const names = new Map(nodes.map(({ name, address }) => [canonicalHost(address), name]));
  const pools = new Map<string, readonly FoundPool[]>();
  const notes: string[] = [];
  const read = (text: string) => readServers(text, names);
  const files = new Map<string, ReadServers>();
  const fileAt = (path: string): ReadServers => {
    const file = files.get(path) ?? read(config.files.get(path) ?? '');
    files.set(path, file);
    return file;
  };
  for (const upstream of config.upstreams.slice(0, MOST_UPSTREAMS)) {
    const own = read(upstream.body);
    const included = [...new Set(config.included(upstream))];
    const [include] = included;
    const why = whyNoPool(own, included.map(fileAt));
    const members = new Set([own, ...included.map(fileAt)].flatMap((one) => [...one.members]));
    if (why === undefined && include !== undefined) {
      // Several upstreams may include one file: a server of it is drained in all of them.
      if (pools.has(include)) continue;
      const driver = { driver: 'nginx' as const, include };
      pools.set(
        include,
        fileAt(include)
          .ports()
          .map((pool) => ({ host: host.name, driver, ...pool })),
      );
    } else if (members.size > 0)
      notes.push(
        `${host.name}: nginx upstream ${upstream.name} ${why}, so no run can drain ${[...members].join(', ')} there: ${movedTo(
          upstream,
          [own, ...included.map(fileAt)].flatMap(({ lines }) => lines),
          config,
        )}`,
      );
  }
  if (config.upstreams.length > MOST_UPSTREAMS)
    notes.push(
      `${host.name}: nginx has more than ${MOST_UPSTREAMS} upstreams, of which only the first were read for pools`,
    );
  return { pools: [...pools.values()].flat(), notes: [...notes, ...passed(host.name, config, names)] };
}

/** Nodes by their addresses, in one spelling. */
type Names = ReadonlyMap<string, string>;

/** Servers of a text that are nodes. */
interface ReadServers {
  /** Names of the nodes. */
  readonly members: ReadonlySet<string>;
  /** There are servers, whether nodes or not. */
  readonly hasServers: boolean;
  /** Each as a line of its own, as it is written. */
  readonly lines: readonly string[];
  /** It is a list of directives, without a block. */
  readonly isWhole: boolean;
  /** One for each port, with the nodes in the order of the inventory. */
  ports(): readonly Pick<FoundPool, 'members' | 'port'>[];
}

/** Lines of servers in a note; the reader sees the others in the file. */
const MOST_LINES = 3;
const LONGEST = 120;

const AGAIN = 'reload nginx and run discover again (example: docs/adopting.md#nginx)';

/** What to move where. A directory of its own: nginx loads the files of conf.d by itself. */
function movedTo({ name, file }: NginxUpstream, lines: readonly string[], { directory }: NginxConfig): string {
  const to = `${directory}/api7-orch/${name.replace(/[^\w.-]/g, '_')}.conf`;
  const shown = lines
    .slice(0, MOST_LINES)
    .map((line) => `"${line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line}"`);
  const more = lines.length > MOST_LINES ? ` and ${lines.length - MOST_LINES} more` : '';
  const place = lines.length === 1 ? 'its' : 'their';
  return `in ${file}, move ${shown.join(', ')}${more} to a new file ${to}, and write "include ${to};" in ${place} place; ${AGAIN}`;
}

/** Why the servers of an upstream are not in one file of their own; undefined: they are, or there are none. */
function whyNoPool(own: ReadServers, files: readonly ReadServers[]): string | undefined {
  if (!own.isWhole || own.hasServers) return 'has its servers in the block itself';
  if (files.length > 1) return 'includes several files';
  return files.every(({ isWhole }) => isWhole) ? undefined : 'includes a file with more than server lines';
}

/** Servers that are passed requests without an upstream. */
const passed = (host: string, { passes }: NginxConfig, names: Names): readonly string[] => [
  ...new Set(
    placesIn(passes).flatMap((place) => {
      const name = names.get(place.host);
      if (name === undefined) return [];
      const to = `${place.host}:${place.port}`;
      return `${host}: nginx passes requests to ${name} without an upstream (${to}), so no run can drain it there: write the line "server ${to};" to a new file that an upstream includes, and pass the requests to that upstream; ${AGAIN}`;
    }),
  ),
];

function readServers(text: string, names: Names): ReadServers {
  const { servers, isWhole } = readable(text);
  const byPort = new Map<number, Set<string>>();
  for (const { address } of servers) {
    const { host, port } = splitAddress(address);
    const name = names.get(host);
    if (name !== undefined) byPort.set(port, (byPort.get(port) ?? new Set()).add(name));
  }
  return {
    members: new Set([...byPort.values()].flatMap((one) => [...one])),
    hasServers: servers.length > 0,
    lines: servers.map(({ address, parameters }) => `${['server', address, ...parameters].join(' ')};`),
    isWhole,
    ports: () =>
      [...byPort]
        .toSorted(([a], [b]) => a - b)
        .map(([port, members]) => ({ port, members: [...names.values()].filter((name) => members.has(name)) })),
  };
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
