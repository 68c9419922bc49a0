import pLimit from 'p-limit';
import { phaseUnderWay } from '../../../adopt/record.ts';
import { PATHS } from '../../../api7/paths.ts';
import { servicesOn } from '../../../api7/services.ts';
import { errorInfoOf } from '../../../core/event/error-info.ts';
import type { ErrorInfo } from '../../../core/event/event.ts';
import type { Reader } from '../../../core/host/connection.ts';
import { besidePath, ENDINGS } from '../../../core/host/leftover-names.ts';
import type { LockView } from '../../../core/host/lock.ts';
import type { Inventory } from '../../../inventory/inventory.ts';
import { balancerOf } from '../../../lb/drivers.ts';
import { findLeftovers, type Leftover, type LeftoverPlaces } from '../../../tasks/leftovers.ts';
import { type Connections, type PoolSnapshot, poolMembersOf, readPoolMembers } from '../../../traffic/pool-snapshot.ts';
import { LOCK_PATHS } from '../../../transport/lock/fence.ts';

/** What one host shows of earlier runs. */
interface ExaminedHost {
  readonly host: string;
  readonly lock: LockView | undefined;
  readonly leftovers: readonly Leftover[];
}

export interface Examined {
  readonly snapshot: PoolSnapshot;
  readonly hosts: readonly ExaminedHost[];
  /** Hosts without a connection. */
  readonly unreachable: readonly string[];
  /** Errors of reading, each once. */
  readonly errors: readonly ErrorInfo[];
}

/** Reads leases, locks and leftovers of a whole inventory. Never throws: errors become errors of their host. */
export async function examine(
  inventory: Inventory,
  { hosts, forks }: { readonly hosts: Connections; readonly forks: number },
): Promise<Examined> {
  const errors: ErrorInfo[] = [];
  const unreachable: string[] = [];
  const [seen, snapshot] = await Promise.all([
    pLimit(forks).map([...inventory.hosts.keys()], async (host): Promise<readonly ExaminedHost[]> => {
      try {
        const connection = await hosts.get(host);
        const read = await Promise.allSettled([connection.lock.view(), leftoversOn(connection, inventory, host)]);
        for (const each of read) if (each.status === 'rejected') errors.push(errorInfoOf(each.reason, { host }));
        const [lock, left] = read;
        return [
          {
            host,
            lock: lock.status === 'fulfilled' ? lock.value : undefined,
            leftovers: left.status === 'fulfilled' ? left.value : [],
          },
        ];
      } catch (error) {
        unreachable.push(host);
        errors.push(errorInfoOf(error, { host }));
        return [];
      }
    }),
    readPoolMembers(inventory, poolMembersOf(inventory), { hosts, forks }),
  ]);
  const all = [...errors, ...snapshot.found.flatMap((one) => ('error' in one ? [one.error] : []))];
  return {
    snapshot,
    hosts: seen.flat(),
    unreachable,
    errors: [...new Map(all.map((error) => [`${error.host} ${error.code} ${error.message}`, error])).values()],
  };
}

/** What waits under a temporary name for an adoption that is not finished is none. */
async function leftoversOn(connection: Reader, inventory: Inventory, name: string): Promise<readonly Leftover[]> {
  const host = inventory.hosts.get(name);
  const services = host === undefined ? [] : servicesOn(inventory, host);
  const [left, ...phases] = await Promise.all([
    findLeftovers(connection, leftoverPlaces(inventory, name)),
    ...services.map((service) => phaseUnderWay(service.name, connection)),
  ]);
  const awaited = services.filter((_, at) => phases[at] !== undefined).map(({ container }) => container);
  return left.filter((one) => 'file' in one || !awaited.includes(one.replaces));
}

/** The paths that runs write on a host. */
function leftoverPlaces(inventory: Inventory, name: string): LeftoverPlaces {
  const host = inventory.hosts.get(name);
  const runsServices = host !== undefined && servicesOn(inventory, host).length > 0;
  const written = [...inventory.loadBalancers.values()].flatMap((pool) =>
    pool.driver !== 'none' && pool.hosts.includes(name) ? (balancerOf(pool, name).files ?? []) : [],
  );
  return {
    trees: [LOCK_PATHS.state, ...(runsServices ? [PATHS.home] : [])],
    paths: [
      // An empty directory does not appear in a tree.
      ...(runsServices
        ? [PATHS.controlPlanePackage, PATHS.dataPlanePackage].map((path) => besidePath(path, ENDINGS.fresh))
        : []),
      ...written.flatMap((path) => [ENDINGS.fresh, ENDINGS.earlier].map((ending) => besidePath(path, ending))),
    ],
    containers: runsServices,
  };
}
