import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import { firstChars } from '../core/base/excerpt.ts';
import type { Lease } from '../core/host/balancer.ts';
import type { Connection, Reader } from '../core/host/connection.ts';

/** Where drains are on record: on the balancer's host, so that any controller finds them after any crash. */
export const LEASES = '/var/lib/api7-orch/leases';

/** Path of the record that a node of a pool is out of traffic by our doing. */
export const leasePath = (pool: string, node: string): string => `${LEASES}/${pool}.${node}.json`;

const schema = z.object({
  node: z.string(),
  before: z.record(z.string(), z.record(z.string(), z.string())),
  by: z.string(),
  at: z.string(),
  reason: z.string(),
  // Records of earlier versions do not tell.
  kind: z.enum(['hand', 'run']).default('run'),
  held: z.array(z.string()),
  closed: z.array(z.string()).exactOptional(),
});

/**
 * The lease of a node in a pool; `null`: there is none.
 *
 * @throws OrchError LEASE_INVALID when the file is not a lease of this node
 */
export async function readLease(host: Reader, pool: string, node: string): Promise<Lease | null> {
  const path = leasePath(pool, node);
  const content = await host.read(path);
  if (content === null) return null;
  const lease = parse(content.toString());
  if (lease?.node === node) return lease;
  throw new OrchError('LEASE_INVALID', `${path} on ${host.name} is not a record of ${node} out of traffic`, {
    hint: `look how the balancer treats ${node} now, set it as it should be, then remove the file`,
    details: firstChars(content.toString(), 500),
  });
}

/** Safe to repeat; readable by root alone. */
export async function writeLease(host: Connection, pool: string, lease: Lease): Promise<void> {
  const root = { owner: 'root', group: 'root' } as const;
  await host.makeDirectory(LEASES, { ...root, mode: '0700' });
  await host.writeFile(leasePath(pool, lease.node), `${JSON.stringify(lease, null, 2)}\n`, { ...root, mode: '0600' });
}

/** Fine when there is none. */
export const removeLease = (host: Connection, pool: string, node: string): Promise<void> =>
  host.remove(leasePath(pool, node));

/** All leases of a node on this host, whatever the pool; those that cannot be read are left out. */
export async function leasesOf(host: Reader, node: string): Promise<readonly Lease[]> {
  const names = Object.keys((await host.tree(LEASES)) ?? {}).filter((name) => name.endsWith(`.${node}.json`));
  const texts = await Promise.all(names.map((name) => host.read(`${LEASES}/${name}`)));
  return texts.flatMap((text) => {
    const lease = text === null ? null : parse(text.toString());
    return lease?.node === node ? [lease] : [];
  });
}

function parse(text: string): Lease | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
