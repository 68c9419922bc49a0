import { createHash } from 'node:crypto';
import type { Inventory } from '../inventory/inventory.ts';

/** Namespace of the ids below; any fixed UUID would do, but it must never change. */
const NAMESPACE = Buffer.from('6f1d7a52c1b84f0e9a3d0b5e7c2f4a18', 'hex');

/**
 * The instance id of the gateway on a host: a name-based UUID (RFC 9562, version 5) of cluster and host. It stays the
 * same when the container or the whole host is recreated; otherwise the dashboard would list an unknown gateway, and
 * the old one as missing for a week.
 */
export function gatewayUid(cluster: string, host: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(`${cluster}/${host}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * The instance id of the gateway on a host of an inventory: the uid of an adopted gateway, else the one
 * that is made of names.
 */
export const gatewayUidOf = ({ cluster, hosts }: Pick<Inventory, 'cluster' | 'hosts'>, host: string): string =>
  hosts.get(host)?.uid ?? gatewayUid(cluster, host);
