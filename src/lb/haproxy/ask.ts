import { OrchError } from '../../core/base/errors.ts';
import { sharePerTick } from '../../core/base/share-per-tick.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import type { Reader } from '../../core/host/connection.ts';
import { type HaproxyConfig, parseHaproxyConfig } from './config.ts';
import { type HaproxyStat, parseEpoch, parseRunning, parseStat, parseTables } from './stat.ts';
import { type HaproxyServer, parseServersState } from './state.ts';

/** All servers' state on HAProxy's admin socket at one moment. */
export interface HaproxySnapshot {
  readonly servers: readonly HaproxyServer[];
  /** By `backend/server`. */
  readonly stats: ReadonlyMap<string, HaproxyStat>;
  readonly epoch: string;
  readonly runningMs: number | undefined;
  /** Backends whose stick tables remember a client's server. */
  readonly sticky: ReadonlySet<string>;
}

interface Asked {
  readonly snapshot: ReturnType<typeof sharePerTick<HaproxySnapshot>>;
  readonly config: ReturnType<typeof sharePerTick<HaproxyConfig | null>>;
  /** By socket: the process and its sticky tables. They change only with the configuration. */
  readonly tables: Map<string, { readonly key: string; readonly sticky: Promise<ReadonlySet<string>> }>;
}

const asked = new WeakMap<Reader, Asked>();

function of(host: Reader): Asked {
  const known = asked.get(host) ?? { snapshot: sharePerTick(), config: sharePerTick(), tables: new Map() };
  asked.set(host, known);
  return known;
}

/**
 * Reads everything at once: HAProxy answers once for all members of one tick.
 *
 * @throws OrchError LB_UNREACHABLE (retryable) | LB_INVALID_REPLY | HAPROXY_DENIED
 */
export function readHaproxy(host: Reader, socket: string): Promise<HaproxySnapshot> {
  return of(host).snapshot(socket, () => {
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

/** The understood part of haproxy.cfg; `null` if it cannot be read. */
export function readConfig(host: Reader, path: string): Promise<HaproxyConfig | null> {
  return of(host).config(path, async () => {
    const text = await host.read(path, LIMITS.haproxyConfig.bytes).catch((error: unknown) => {
      // A directory of files, or a generated file.
      if (error instanceof OrchError && (error.code === 'NOT_A_FILE' || error.code === 'FILE_TOO_LARGE')) return null;
      throw error;
    });
    return text === null ? null : parseHaproxyConfig(text.toString());
  });
}

/** Turns a socket without a response into the error of all drivers. */
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

/** Tables also serve for counting: only one that can hold a server's id makes clients sticky. */
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
    // No entry matches this filter: only HAProxy's acceptance of the filter matters.
    names.map(async (name) => ((await holdsServers(host, socket, name)) ? [name] : [])),
  ).then((found): ReadonlySet<string> => new Set(found.flat()));
  tables.set(socket, { key, sticky });
  sticky.catch(() => tables.delete(socket));
  return sticky;
}

const holdsServers = async (host: Reader, socket: string, table: string): Promise<boolean> =>
  !(await host.haproxyShow(socket, `table ${table} data.server_id lt 0`)).includes('not stored');
