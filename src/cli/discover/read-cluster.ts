import pLimit from 'p-limit';
import type { FoundPools } from '../../adopt/pools/found-pool.ts';
import { haproxyPools } from '../../adopt/pools/haproxy-pools.ts';
import { nginxPools } from '../../adopt/pools/nginx-pools.ts';
import { findServices } from '../../adopt/running/find-services.ts';
import type { FoundOnHost } from '../../adopt/running/running-service.ts';
import { OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import { redactError } from '../../core/event/redact-event.ts';
import type { Reader } from '../../core/host/connection.ts';
import type { HostsInventory } from '../../inventory/load.ts';
import type { Connections } from '../../traffic/pool-snapshot.ts';

/** The findings of a host; `error`: it was not read, or not completely. */
export interface ReadHost {
  readonly host: string;
  readonly found: FoundOnHost;
  readonly balancer: FoundPools;
  /** Open files that a container can be given. */
  readonly nofile: number;
  readonly error?: ErrorInfo;
}

/** Reads every host. Whatever goes wrong is a finding: nothing is thrown, and nothing is changed. */
export async function readCluster(
  { hosts: all, groups }: HostsInventory,
  {
    hosts,
    forks,
    unmanaged,
  }: { readonly hosts: Connections; readonly forks: number; readonly unmanaged: readonly string[] },
): Promise<readonly ReadHost[]> {
  const nodes = [...all.values()];
  return await pLimit(forks).map(nodes, async ({ name }): Promise<ReadHost> => {
    try {
      const reader: Reader = await hosts.get(name);
      const [{ nofile }, found, ...balancers] = await Promise.all([
        reader.facts(),
        findServices(reader, { unmanaged }).catch(unlessNoDocker),
        orNote(reader, haproxyPools(reader, nodes)),
        orNote(reader, nginxPools(reader, nodes)),
      ]);
      const balancer = {
        pools: balancers.flatMap(({ pools }) => pools),
        // Where services run, an installed balancer that does not run is no finding.
        notes: balancers.flatMap(({ notes, isIdle = false }) =>
          isIdle && !(found instanceof OrchError) && found.services.length > 0 ? [] : notes,
        ),
      };
      if (!(found instanceof OrchError)) return { host: name, found: { ...found, host: name }, balancer, nofile };
      // A balancer's host needs no Docker. Elsewhere a gateway may run on while its Engine is down.
      const hasBalancer = balancer.pools.length + balancer.notes.length > 0;
      const balances = balancer.pools.length > 0 || groups.get('load_balancer')?.includes(name) === true;
      const isFine = balances || (hasBalancer && found.code === 'DOCKER_NOT_FOUND');
      return {
        ...nothing(name),
        balancer,
        nofile,
        ...(isFine ? {} : { error: redactError(errorInfoOf(found, { host: name })) }),
      };
    } catch (error) {
      return { ...nothing(name), error: redactError(errorInfoOf(error, { host: name })) };
    }
  });
}

const nothing = (host: string): ReadHost => ({
  host,
  found: { host, services: [], aside: [] },
  balancer: { pools: [], notes: [] },
  nofile: Number.POSITIVE_INFINITY,
});

const NO_DOCKER: ReadonlySet<string> = new Set(['DOCKER_NOT_FOUND', 'DOCKER_UNREACHABLE']);

function unlessNoDocker(error: unknown): OrchError {
  if (error instanceof OrchError && NO_DOCKER.has(error.code)) return error;
  throw error;
}

/** A balancer that is installed and does not respond, or not as one does, is no reason not to read the host. */
async function orNote(
  { name }: Reader,
  reading: Promise<FoundPools>,
): Promise<FoundPools & { readonly isIdle?: boolean }> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof OrchError) || !/^(?:HAPROXY|LB|FILE)_/.test(error.code)) throw error;
    const notes = [`${name}: a balancer is installed, and its pools were not read: ${error.message}`];
    return { pools: [], notes, isIdle: error.code === 'HAPROXY_UNREACHABLE' };
  }
}
