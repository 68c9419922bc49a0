import { basename } from 'node:path';
import { canonicalJson, sha256 } from '../core/base/data.ts';
import type { Inventory } from '../inventory/inventory.ts';

type Digests = Readonly<Record<string, string>>;

/** Enough to tell two texts apart by accident; a host that forges one gains nothing. */
const LENGTH = 16;

/**
 * Digests of the parts of an inventory, by what people call them: `api7.version`, `gateway_groups.edge`, `hosts.gw-1`. Secrets are not in them, nor how a
 * host is reached or where packages lie: each controller has its own.
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

/** Packages are the only files of the controller that an inventory names and that are no secrets. */
const fileNames = ({ controlPlane, dataPlane, sha256 }: NonNullable<Inventory['api7']['package']>): unknown => ({
  controlPlane: basename(controlPlane),
  dataPlane: basename(dataPlane),
  sha256,
});
