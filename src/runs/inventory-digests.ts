import { canonicalJson, sha256 } from '../core/base/data.ts';
import { Secret } from '../core/base/secret.ts';
import type { Inventory } from '../inventory/inventory.ts';

type Digests = Readonly<Record<string, string>>;

/** Enough to tell two texts apart by accident; a host that forges one gains nothing. */
const LENGTH = 16;

/**
 * Digests of the parts of an inventory, by what people call them: `api7.version`, `hosts.gw-1`. Secrets are not in them, nor how a
 * host is reached: each controller has its own. Paths are relative to the inventory, so that two working folders give the same.
 */
export function inventoryDigests({ dir, hosts, groups, api7, loadBalancers }: Inventory): Digests {
  const digest = (value: unknown): string => sha256(canonicalJson(portable(value, dir))).slice(0, LENGTH);
  const parts: (readonly [string, unknown])[] = [
    ...Object.entries(api7).map(([key, value]): [string, unknown] => [`api7.${key}`, value]),
    ...[...loadBalancers].map(([name, pool]): [string, unknown] => [`load_balancers.${name}`, pool]),
    ...[...groups].map(([name, members]): [string, unknown] => [`groups.${name}`, members]),
    ...[...hosts.values()].map(({ name, address, zone, groups, vars }): [string, unknown] => [
      `hosts.${name}`,
      { address, zone, groups, vars },
    ]),
  ];
  return Object.fromEntries(
    parts.filter(([, value]) => value !== undefined).map(([key, value]) => [key, digest(value)]),
  );
}

function portable(value: unknown, dir: string): unknown {
  if (typeof value === 'string') return value.startsWith(`${dir}/`) ? value.slice(dir.length + 1) : value;
  if (value instanceof Secret || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => portable(item, dir));
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, portable(field, dir)]));
}
