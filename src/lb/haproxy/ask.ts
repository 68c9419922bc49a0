import { OrchError } from '../../core/base/errors.ts';
import { sharePerTick } from '../../core/base/share-per-tick.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import type { Reader } from '../../core/host/connection.ts';
import { type HaproxyConfig, parseHaproxyConfig } from './config.ts';
import { type HaproxyStat, parseEpoch, parseRunning, parseStat, parseTables } from './stat.ts';
import { type HaproxyServer, parseServersState } from './state.ts';

/** All that HAProxy's admin socket shows of all its servers at one moment. */
export interface HaproxySnapshot {
  readonly servers: readonly HaproxyServer[];
  /** By `backend/server`. */
  readonly stats: ReadonlyMap<string, HaproxyStat>;
  readonly epoch: string;
  readonly runningMs: number | undefined;
  /** Stick tables that remember which server a client went to. */
  readonly sticky: ReadonlySet<string>;
}

interface Asked {
  readonly sight: ReturnType<typeof sharePerTick<HaproxySnapshot>>;
  readonly config: ReturnType<typeof sharePerTick<HaproxyConfig | null>>;
  /** By socket: a process and the tables of it that are sticky. They change with the configuration only. */
  readonly tables: Map<string, { readonly key: string; readonly sticky: Promise<ReadonlySet<string>> }>;
}

const asked = new WeakMap<Reader, Asked>();

function of(host: Reader): Asked {
  const known = asked.get(host) ?? { sight: sharePerTick(), config: sharePerTick(), tables: new Map() };
  asked.set(host, known);
  return known;
}

/**
 * Looks at everything at once: however many members are asked for in one tick, HAProxy answers once.
 *
 * @throws OrchError LB_UNREACHABLE (retryable) | LB_INVALID_REPLY | HAPROXY_DENIED
 */
export function readHaproxy(host: Reader, socket: string): Promise<HaproxySnapshot> {
  return of(host).sight(socket, () => {
    const show = [
      host.haproxyShow(socket, 'servers state'),
      host.haproxyShow(socket, 'stat'),
      host.haproxyShow(socket, 'info'),
      host.haproxyShow(socket, 'table'),
    ] as const;
    return reached(socket, async () => {
      const [servers, stat, info, table] = await Promise.all(show);
      const epoch = parseEpoch(info);
      const sticky = await stickyTables(host, socket, epoch, parseTables(table));
      return {
        servers: parseServersState(servers),
        stats: parseStat(stat),
        epoch,
        runningMs: parseRunning(info),
        sticky,
      };
    });
  });
}

/** haproxy.cfg as far as it is understood; `null` where it cannot be read. */
export function readConfig(host: Reader, path: string): Promise<HaproxyConfig | null> {
  return of(host).config(path, async () => {
    const text = await host.read(path, LIMITS.haproxyConfig.bytes).catch((error: unknown) => {
      // A directory of files, or one of a size that nobody writes by hand.
      if (error instanceof OrchError && (error.code === 'NOT_A_FILE' || error.code === 'FILE_TOO_LARGE')) return null;
      throw error;
    });
    return text === null ? null : parseHaproxyConfig(text.toString());
  });
}

/** A balancer that does not answer is told in the words of all balancers. */
export async function reached<T>(socket: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OrchError) || !['HAPROXY_UNREACHABLE', 'HAPROXY_REPLY', 'TIMED_OUT'].includes(error.code))
      throw error;
    throw new OrchError('LB_UNREACHABLE', error.message, {
      hint: error.hint ?? `check that HAProxy responds on ${socket}`,
      retryable: true,
      host: error.host,
      details: error.details,
      cause: error,
    });
  }
}

/** Tables serve for counting, too: only one that can hold a server's id makes clients stick to it. */
function stickyTables(
  host: Reader,
  socket: string,
  epoch: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const { tables } = of(host);
  const key = [epoch, ...names].join('\n');
  const known = tables.get(socket);
  if (known?.key === key) return known.sticky;
  const sticky = Promise.all(
    // A filter that no entry passes: only whether the question makes sense to this table is of interest.
    names.map(async (name) => ((await holdsServers(host, socket, name)) ? [name] : [])),
  ).then((found): ReadonlySet<string> => new Set(found.flat()));
  tables.set(socket, { key, sticky });
  sticky.catch(() => tables.delete(socket));
  return sticky;
}

const holdsServers = async (host: Reader, socket: string, table: string): Promise<boolean> =>
  !(await host.haproxyShow(socket, `table ${table} data.server_id lt 0`)).includes('not stored');
