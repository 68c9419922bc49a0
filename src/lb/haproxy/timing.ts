import { defined } from '../../core/base/data.ts';
import type { CheckTiming } from '../../core/host/balancer.ts';
import { type HaproxyConfig, haproxyTime, listsFor, optionOf, serverOptions } from './config.ts';
import { type HaproxyServer, nameOf } from './state.ts';

type Timing = Omit<CheckTiming, 'source' | 'from'>;

/** HAProxy's own defaults. */
const USUAL: Timing = { everyMs: 2000, fall: 3, rise: 2, slowstartMs: 0 };

/**
 * Timing of the servers' health checks: the slowest of each value if a node has several servers. `from` names the file.
 *
 * @example timingOf(parseHaproxyConfig(text), servers, 'lb-1:/etc/haproxy/haproxy.cfg').everyMs // 2000
 */
export function timingOf(config: HaproxyConfig | null, servers: readonly HaproxyServer[], from: string): CheckTiming {
  const all = servers.map((server) => config && ofServer(config, nameOf(server)));
  const known = all.flatMap((timing) => timing ?? []);
  if (known.length < all.length || known.length === 0) return { ...USUAL, source: 'assumed', from: `not in ${from}` };
  const most = (pick: (timing: Timing) => number): number => Math.max(...known.map(pick));
  const timeouts = known.flatMap(({ timeoutMs }) => timeoutMs ?? []);
  return {
    everyMs: most(({ everyMs }) => everyMs),
    fall: most(({ fall }) => fall),
    rise: most(({ rise }) => rise),
    slowstartMs: most(({ slowstartMs }) => slowstartMs),
    ...(timeouts.length === 0 ? {} : { timeoutMs: Math.max(...timeouts) }),
    source: 'read',
    from,
  };
}

/** `undefined`: the file has no such line, or none that api7-orch understands. */
function ofServer(config: HaproxyConfig, name: string, depth = 0): Timing | undefined {
  const [backend = '', server = ''] = name.split('/');
  const section = config.backends.get(backend);
  const options = section && serverOptions(section, server);
  if (section === undefined || options === undefined) return undefined;
  const tracked = optionOf(options, 'track');
  // The server tracks another one and has no checks of its own.
  if (tracked !== undefined && depth < 8) {
    const followed = ofServer(config, tracked.includes('/') ? tracked : `${backend}/${tracked}`, depth + 1);
    return followed && { ...followed, slowstartMs: time('slowstart', 0) ?? 0 };
  }
  const spread = Number(config.global.findLast(([keyword]) => keyword === 'spread-checks')?.[1] ?? 0);
  const timeouts = listsFor(section).map((lines) => lines.findLast(([a, b]) => a === 'timeout' && b === 'check'));
  const timeoutMs = haproxyTime(timeouts.find((line) => line !== undefined)?.[2]);
  const every = time('inter', USUAL.everyMs);
  const fall = number('fall', USUAL.fall);
  const rise = number('rise', USUAL.rise);
  const slowstartMs = time('slowstart', 0);
  if (every === undefined || fall === undefined || rise === undefined || slowstartMs === undefined) return undefined;
  // "spread-checks" lengthens some intervals by this percentage.
  const everyMs = Math.ceil(every * (1 + spread / 100));
  return { everyMs, fall, rise, slowstartMs, ...defined({ timeoutMs }) };

  function time(option: string, usual: number): number | undefined {
    const said = optionOf(options ?? [], option);
    return said === undefined ? usual : haproxyTime(said);
  }
  function number(option: string, usual: number): number | undefined {
    const said = optionOf(options ?? [], option) ?? String(usual);
    return /^[1-9]\d*$/.test(said) ? Number(said) : undefined;
  }
}
