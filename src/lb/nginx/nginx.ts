import { addressWithPort } from '../../core/base/address-text.ts';
import { OrchError } from '../../core/base/errors.ts';
import { nginxTime } from '../../core/base/nginx-time.ts';
import type { Balancer, BalancerView, CheckTiming, Lease, Member, ServerView } from '../../core/host/balancer.ts';
import type { Connection, Reader } from '../../core/host/connection.ts';
import { commandsMissing } from '../commands-missing.ts';
import { type DeclaredChecks, declaredTiming } from '../declared-timing.ts';
import { changeNginx, type NginxTools } from './change.ts';
import { means, type NginxServer, placesOf, serversIn, withDown } from './servers.ts';
import { type NginxPaths, type NginxSnapshot, readNginx } from './snapshot.ts';

export interface NginxOptions extends NginxPaths, NginxTools {
  readonly pool: string;
  /** Inventory host that runs it. */
  readonly host: string;
  /** As declared in the inventory; else from the `server` line. */
  readonly check?: DeclaredChecks;
}

/** How often a file that others change as well is read again. */
const TRIES = 10;

/**
 * The driver for nginx, through the file with an upstream's `server` lines: `down` on a member's lines and a reload
 * drain it. nginx shows neither sessions nor health, so `up` only means that nginx is configured to send requests.
 * Workers from before the reload finish their requests, and only the node knows when.
 *
 * A file that nginx has not loaded yet has no effect: until then a server marked `down` still counts as `up`, any other
 * as `starting`. The file survives reloads, so the driver need not detect them.
 *
 * @example nginx({ pool: 'gateways', host: 'lb-1', include: '/etc/nginx/api7-orch/gateways.conf', pid:
 *   '/run/nginx.pid', test: ['nginx', '-t'], reload: ['nginx', '-s', 'reload'] })
 */
export function nginx(options: NginxOptions): Balancer {
  const { pool, host: runsOn } = options;
  return {
    name: `${pool} on ${runsOn}`,
    pool,
    host: runsOn,
    shows: { sessions: false, up: false, counters: false, reload: false },
    files: [options.include],

    async view(host: Reader, member: Member): Promise<BalancerView> {
      const snapshot = await readNginx(host, options);
      const servers = [...serversOf(options, member, snapshot)].map(
        ([name, server]): ServerView => ({
          name,
          state: stateOf(server.down, snapshot.loaded),
          sessions: null,
          setting: { down: server.down ? 'yes' : 'no' },
          sticky: false,
          ...(snapshot.loaded ? { sinceMs: snapshot.sinceMs } : {}),
          check: 'none',
        }),
      );
      return { servers, epoch: snapshot.epoch };
    },

    async set(host: Connection, member: Member, to: 'drained' | 'closed' | Lease['before']): Promise<void> {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const snapshot = await readNginx(host, options);
        const changes = [...serversOf(options, member, snapshot)].map(([name, server]) => ({
          server,
          down: typeof to === 'string' || (to[name]?.down ?? (server.down ? 'yes' : 'no')) === 'yes',
        }));
        const text = withDown(snapshot.text, changes);
        if (text === snapshot.text && snapshot.loaded) return;
        if (await changeNginx(host, options, options, snapshot, text)) return;
      }
      throw new OrchError('LB_BUSY', `${options.include} on ${runsOn} is being changed by another program`, {
        hint: 'see what writes it besides api7-orch; the file belongs to one of them only',
        retryable: true,
      });
    },

    async timing(host: Reader, member: Member): Promise<CheckTiming> {
      if (options.check !== undefined) return declaredTiming(options.check);
      const [server] = serversOf(options, member, await readNginx(host, options)).values();
      return { ...passiveChecks(server), source: 'read', from: `${runsOn}:${options.include}` };
    },

    readOnly: (host) =>
      commandsMissing(host, [options.test, options.reload], {
        name: `${pool} on ${runsOn}`,
        field: `load_balancers.${pool}.test or .reload`,
      }),

    async otherPorts(host: Reader, member: Member) {
      // Only nginx itself can print its whole configuration; another test program cannot.
      if (!options.test.includes('-t')) return [];
      const argv = options.test.map((word) => (word === '-t' ? '-T' : word));
      const { code, stdout } = await host.test({ argv }, { timeoutMs: DUMP_MS });
      return code === 0 ? placesOf(stdout, member.address).filter(({ port }) => port !== member.port) : [];
    },

    byHand: (servers) =>
      `on ${runsOn} remove "down" from ${servers.join(', ')} in ${options.include}, then reload nginx`,

    counters: async () => null,
  };
}

/** Lines of a member by name; further lines for the same address get a number. */
function serversOf(
  { pool, include }: NginxOptions,
  member: Member,
  snapshot: NginxSnapshot,
): ReadonlyMap<string, NginxServer> {
  const address = addressWithPort(member.address, member.port);
  const servers = serversIn(snapshot.text).filter((server) => means(server, member.address, member.port));
  if (servers.length === 0)
    throw new OrchError('LB_MEMBER_UNKNOWN', `${include} has no server ${address}`, {
      hint: `add the line "server ${address};" to it, or correct load_balancers.${pool} in the inventory`,
    });
  return new Map(servers.map((server, index) => [`${pool}/${address}${index === 0 ? '' : `#${index + 1}`}`, server]));
}

function stateOf(down: boolean, loaded: boolean): ServerView['state'] {
  if (down) return loaded ? 'drained' : 'up';
  return loaded ? 'up' : 'starting';
}

const DUMP_MS = 30_000;

/** nginx's own default. */
const FAIL_TIMEOUT_MS = 10_000;

/** nginx checks passively: after `max_fails` failed requests it skips a server for `fail_timeout`. */
function passiveChecks(
  server: NginxServer | undefined,
): Pick<CheckTiming, 'everyMs' | 'fall' | 'rise' | 'slowstartMs'> {
  const value = (name: string): string | undefined =>
    server?.parameters.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  return {
    everyMs: nginxTime(value('fail_timeout') ?? '') ?? FAIL_TIMEOUT_MS,
    fall: Number(value('max_fails') ?? '1'),
    rise: 1,
    slowstartMs: nginxTime(value('slow_start') ?? '') ?? 0,
  };
}
