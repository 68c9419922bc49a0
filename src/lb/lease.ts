import { z } from 'zod';
import { jsonAs } from '../core/base/attempt.ts';
import { sha256 } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import { firstChars } from '../core/base/excerpt.ts';
import type { Lease, MemberView } from '../core/host/balancer.ts';
import type { Connection, Reader } from '../core/host/connection.ts';
import { ROOT_DIRECTORY, ROOT_FILE } from '../core/host/root-only.ts';

/** Directory of the leases, on the balancer's host, so that any controller finds them after any crash. */
export const LEASES = '/var/lib/api7-orch/leases';

/** Path of a node's lease in a pool. */
export const leasePath = (pool: string, node: string): string => `${LEASES}/${pool}.${node}.json`;

/** Releases without locks refuse leases of this version: they require `held` and do not know `heldServers`. */
const VERSION = 2;

const schema = z.object({
  v: z.literal(VERSION).exactOptional(),
  node: z.string(),
  before: z.record(z.string(), z.record(z.string(), z.string())),
  by: z.string(),
  at: z.string(),
  reason: z.string(),
  // Absent in leases of earlier versions.
  kind: z.enum(['hand', 'run']).default('run'),
  held: z.array(z.string()).exactOptional(),
  heldServers: z.array(z.string()).exactOptional(),
  closed: z.array(z.string()).exactOptional(),
  run: z.string().exactOptional(),
  down: z.array(z.string()).exactOptional(),
  restoring: z.string().exactOptional(),
  soaking: z.string().exactOptional(),
  soakDue: z.string().exactOptional(),
});

/** A lease, or the mark that remains while the node is soaked, and the digest of its file. */
export type RecordedLease = Pick<MemberView, 'lease' | 'leaseDigest' | 'soaking'>;

/**
 * The lease of a node in a pool; `null`: none exists, or only the mark of a node that is being soaked.
 *
 * @throws OrchError LEASE_INVALID when the file is no lease of this node
 */
export async function readLease(host: Reader, pool: string, node: string): Promise<RecordedLease> {
  const path = leasePath(pool, node);
  const content = await host.read(path);
  if (content === null) return { lease: null, leaseDigest: null };
  const lease = parse(content.toString());
  if (lease?.node === node) {
    const leaseDigest = sha256(content);
    return lease.soaking === undefined ? { lease, leaseDigest } : { lease: null, soaking: lease, leaseDigest };
  }
  throw new OrchError('LEASE_INVALID', `${path} on ${host.name} is not a lease of ${node}`, {
    hint: `check how the balancer treats ${node} now, set the state that you want, then remove the file`,
    details: firstChars(content.toString(), 500),
  });
}

/** The new content of a lease: `null` removes it. `leaseDigest`: of the file that the decision is based on. */
export interface LeaseSwap {
  readonly pool: string;
  readonly node: string;
  readonly leaseDigest: string | null;
  readonly to: Lease | null;
}

/**
 * Changes a lease by compare and swap on the balancer's host, safely against concurrent changes. `false`: another run
 * or an operator was first, and nothing was changed. Only root can read the file.
 */
export async function swapLease(host: Connection, { pool, node, leaseDigest, to }: LeaseSwap): Promise<boolean> {
  if (leaseDigest === null) await host.makeDirectory(LEASES, ROOT_DIRECTORY);
  const swap = { from: leaseDigest, to: to && leaseText(to) };
  return await host.swapFile(leasePath(pool, node), swap, ROOT_FILE);
}

/** Digest of a lease's file. */
export const leaseDigestOf = (lease: Lease): string => sha256(leaseText(lease));

const leaseText = ({ held, ...lease }: Lease): string =>
  `${JSON.stringify({ v: VERSION, ...lease, heldServers: held }, null, 2)}\n`;

/** Who holds a node, since when and why, for people. */
export const holderOf = ({ by, at, reason }: Pick<Lease, 'by' | 'at' | 'reason'>): string =>
  `${by} since ${at} (${reason.replace(/\s+/g, ' ').slice(0, 100)})`;

/** Whether another run has taken over the node. */
export const isOfAnotherRun = (lease: Lease | null, run: string | undefined): boolean =>
  lease?.kind === 'run' && lease.run !== undefined && run !== undefined && lease.run !== run;

/** @example throw nodeHeld(member.node, balancer.name, lease) */
export const nodeHeld = (node: string, balancer: string, lease: Lease): OrchError =>
  new OrchError('NODE_HELD', `${node} is held on ${balancer}: drained by ${holderOf(lease)}`, {
    host: node,
    hint: `lb restore ${node} ends that; --include-held changes the node and leaves it held`,
  });

/** @example throw nodeTaken(member.node, balancer.name, lease) */
export const nodeTaken = (node: string, balancer: string, lease: Lease): OrchError =>
  new OrchError('NODE_TAKEN', `another run works on ${node}: ${holderOf(lease)}, by the lease on ${balancer}`, {
    host: node,
    hint: 'wait until that run has ended, then run the same command again',
  });

/** An attempt fails only if another change succeeds. */
const TRIES = 10;

/**
 * Repeats a read and change of a lease until no other change comes between. `attempt` returns false if one did.
 *
 * @throws OrchError LB_BUSY
 */
export async function untilSwapped(pool: string, node: string, attempt: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) if (await attempt()) return;
  throw new OrchError('LB_BUSY', `the lease of ${node} in pool ${pool} is being changed by others all the time`, {
    hint: 'see who else drains or restores this node, then run again',
    retryable: true,
  });
}

/** All leases of a node on this host, for any pool; leaves out unreadable ones. */
export async function leasesOf(host: Reader, node: string): Promise<readonly Lease[]> {
  const names = Object.keys((await host.tree(LEASES)) ?? {}).filter((name) => name.endsWith(`.${node}.json`));
  const texts = await Promise.all(names.map((name) => host.read(`${LEASES}/${name}`)));
  return texts.flatMap((text) => {
    const lease = text === null ? null : parse(text.toString());
    return lease?.node === node && lease.soaking === undefined ? [lease] : [];
  });
}

function parse(text: string): Lease | null {
  const read = jsonAs(schema, text);
  if (read === undefined) return null;
  const { v, held, heldServers, ...lease } = read;
  const out = v === VERSION ? heldServers : held;
  return out === undefined ? null : { ...lease, held: out };
}
