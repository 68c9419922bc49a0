import { defined } from '../../core/base/data.ts';
import { Secret } from '../../core/base/secret.ts';
import type { Inventory, InventoryHost } from '../../inventory/inventory.ts';
import { hostLimits } from '../../tasks/host-limits.ts';
import { leftAlone } from '../../tasks/left-alone.ts';
import { mountSources } from '../../tasks/mount-sources.ts';
import { namesFreeBut } from '../../tasks/names-free.ts';
import { portsFreeBut, type TakeOver } from '../../tasks/ports-free.ts';
import { dashboardConfig, dpManagerConfig } from '../config.ts';
import { settingsOf } from '../container-settings.ts';
import { dashboardImage, dpManagerImage, gatewayImage } from '../images.ts';
import { CONTAINERS } from '../paths.ts';
import { published } from '../ports.ts';
import { prometheusGate } from '../prometheus-usable.ts';
import { servicesOn } from '../services.ts';
import type { Check } from './check.ts';
import { databaseAccepts, databaseHasRoom, databaseVersion } from './database.ts';
import { engineFits, hasMemory, roomForImages } from './engine.ts';
import { actsAsRoot, architectureProven, hasFlock, kernelFits } from './host.ts';

type CheckedHost = Pick<InventoryHost, 'name' | 'address' | 'groups'>;

/** Kernel of CentOS 7.6, and the Docker Engine that the vendor requires. */
const LEAST_KERNEL = '3.10.0-957';
const LEAST_DOCKER = '20.10.7';
const LEAST_POSTGRES = 15;
/** The rest of 4 GB after kernel and firmware. */
const LEAST_MEMORY = 3.5e9;
/** Assumed size of a vendor image that is not on the host yet. */
const IMAGE_BYTES = 2 ** 30;

/**
 * Checks that refuse a host before any change: open files beyond its kernel's limit, ports and names in use, missing
 * addresses, missing mount sources, an unusable Prometheus. Warns of automation that may change its containers later. `takeOver`:
 * containers that api7-orch did not create, and can take over.
 */
export function refusals(inventory: Inventory, host: CheckedHost, takeOver?: TakeOver): readonly Check[] {
  const { api7 } = inventory;
  const services = servicesOn(inventory, host);
  const ports = services
    .flatMap((service) => published(service.ports, host))
    .map(({ address, host: port, protocol }) => ({ address, port, protocol }));
  const mounts = services.flatMap(({ name }) => settingsOf(inventory, host, name).mounts);
  const paths = [...new Set(mounts.map(({ source }) => source))];
  const { prometheus } = api7;
  return [
    { name: 'open files', gate: hostLimits({ nofile: api7.nofile }) },
    {
      name: 'ports',
      gate: portsFreeBut(takeOver)({ ports, except: Object.values(CONTAINERS) }),
    },
    // Of a run that takes containers over, the gate of adoption decides about each name.
    ...(services.length > 0 && takeOver?.now !== true
      ? [{ name: 'names', gate: namesFreeBut(takeOver)({ names: services.map(({ container }) => container) }) }]
      : []),
    ...(paths.length > 0 ? [{ name: 'mounts', gate: mountSources({ paths }) }] : []),
    ...(prometheus !== undefined && host.groups.includes('control_plane')
      ? [{ name: 'Prometheus', gate: prometheusGate({ ...api7, prometheus }) }]
      : []),
    { name: 'other tools', gate: leftAlone({ of: 'containers' }) },
  ];
}

/** All checks of a host before a run, those that refuse a run included. */
export function hostChecks(inventory: Inventory, host: CheckedHost, takeOver?: TakeOver): readonly Check[] {
  const images = imagesOn(inventory, host);
  return [
    { name: 'root', gate: actsAsRoot({}) },
    { name: 'flock', gate: hasFlock({}) },
    ...(images.length === 0 ? [] : serviceChecks(inventory, host, images, takeOver)),
    ...(host.groups.includes('control_plane') ? databaseChecks(inventory) : []),
  ];
}

const serviceChecks = (
  inventory: Inventory,
  host: CheckedHost,
  images: readonly string[],
  takeOver: TakeOver | undefined,
): readonly Check[] => [
  { name: 'kernel', gate: kernelFits({ atLeast: LEAST_KERNEL }) },
  { name: 'architecture', gate: hostLimits({ arch: ['x86_64', 'aarch64'] }) },
  { name: 'architecture verified', gate: architectureProven({ arch: 'x86_64' }) },
  { name: 'docker', gate: engineFits({ atLeast: LEAST_DOCKER }) },
  { name: 'memory', gate: hasMemory({ bytes: LEAST_MEMORY }) },
  { name: 'disk', gate: roomForImages({ images, assumedBytes: IMAGE_BYTES }) },
  ...refusals(inventory, host, takeOver),
];

function imagesOn({ api7 }: Inventory, { groups }: CheckedHost): readonly string[] {
  return [
    ...(groups.includes('control_plane') ? [dashboardImage(api7), dpManagerImage(api7)] : []),
    ...(groups.includes('data_plane') ? [gatewayImage(api7)] : []),
  ];
}

/** Default pool size of the vendor's services. */
const MAX_OPEN = 30;

interface Pool {
  readonly dsn: Secret;
  readonly connections: number;
}

function databaseChecks({ api7, groups }: Inventory): readonly Check[] {
  const hosts = groups.get('control_plane')?.length ?? 0;
  const pools = [dashboardConfig(api7), dpManagerConfig(api7)].flatMap((config) => poolOf(config.database));
  return [...Map.groupBy(pools, ({ dsn }) => dsn.reveal()).values()].flatMap((same): readonly Check[] => {
    const [{ dsn } = { dsn: api7.database.dsn }] = same;
    const each = same.map(({ connections }) => connections);
    const all = hosts * each.reduce((sum, connections) => sum + connections, 0);
    const ca = defined({ ca: dsn.reveal() === api7.database.dsn.reveal() ? api7.database.rootCert : undefined });
    const pooledBy = `${hosts} × ${each.length > 1 ? `(${each.join(' + ')})` : each.join('')}`;
    return [
      { name: 'database', gate: databaseAccepts({ dsn, ...ca }) },
      { name: 'database version', gate: databaseVersion({ dsn, ...ca, least: LEAST_POSTGRES }) },
      { name: 'database connections', gate: databaseHasRoom({ dsn, ...ca, pools: all, pooledBy }) },
    ];
  });
}

/** The connection pool of one service, from its merged configuration. */
function poolOf(database: unknown): readonly Pool[] {
  if (typeof database !== 'object' || database === null || !('dsn' in database)) return [];
  const { dsn } = database;
  const most = 'max_open_conns' in database ? Number(database.max_open_conns) : MAX_OPEN;
  const text = typeof dsn === 'string' ? Secret.containing(dsn) : dsn;
  return text instanceof Secret
    ? [{ dsn: text, connections: Number.isInteger(most) && most > 0 ? most : MAX_OPEN }]
    : [];
}
