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

/** What a host says when it is asked; `error`: it did not, or not all. */
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
  { hosts: all }: HostsInventory,
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
      const [{ nofile }, found, haproxy, nginx] = await Promise.all([
        reader.facts(),
        servicesOn(reader, unmanaged),
        haproxyPools(reader, nodes),
        nginxPools(reader, nodes),
      ]);
      const balancer = { pools: [...haproxy.pools, ...nginx.pools], notes: [...haproxy.notes, ...nginx.notes] };
      return { host: name, found: { ...found, host: name }, balancer, nofile };
    } catch (error) {
      return {
        host: name,
        found: { host: name, services: [], aside: [] },
        balancer: { pools: [], notes: [] },
        nofile: Number.POSITIVE_INFINITY,
        error: redactError(errorInfoOf(error, { host: name })),
      };
    }
  });
}

/** A balancer's host needs no Docker. */
async function servicesOn(reader: Reader, unmanaged: readonly string[]): Promise<FoundOnHost> {
  try {
    return await findServices(reader, { unmanaged });
  } catch (error) {
    if (error instanceof OrchError && error.code === 'DOCKER_NOT_FOUND')
      return { host: reader.name, services: [], aside: [] };
    throw error;
  }
}
