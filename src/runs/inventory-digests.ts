import { basename } from 'node:path';
import { canonicalJson, sha256 } from '../core/base/data.ts';
import type { Inventory } from '../inventory/inventory.ts';

type Digests = Readonly<Record<string, string>>;

/** Long enough against accidental collisions; a host that forges a digest gains nothing. */
const LENGTH = 16;

/**
 * Digests of the parts of an inventory, by their names for people: `api7.version`, `gateway_groups.edge`, `hosts.gw-1`.
 * Leaves out secrets, SSH settings and package paths, which may differ between controllers.
 */
export function inventoryDigests({ hosts, groups, api7, gatewayGroups, loadBalancers }: Inventory): Digests {
  const digest = (value: unknown): string => sha256(canonicalJson(value)).slice(0, LENGTH);
  const { package: packages, ...settings } = api7;
  const parts: (readonly [string, unknown])[] = [
    ...Object.entries(settings).map(([key, value]): [string, unknown] => [`api7.${key}`, value]),
    ['api7.package', packages && fileNames(packages)],
    ...[...gatewayGroups].map(([name, { authByHost, ...group }]): [string, unknown] => [
      gatewayGroups.size === 1 ? 'api7.gateway' : `gateway_groups.${name}`,
      { ...group, authByHost: Object.fromEntries(authByHost) },
    ]),
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

/** Packages are the inventory's only controller files that are no secrets. */
const fileNames = ({ controlPlane, dataPlane, sha256 }: NonNullable<Inventory['api7']['package']>): unknown => ({
  controlPlane: basename(controlPlane),
  dataPlane: basename(dataPlane),
  sha256,
});
