import { isDeepStrictEqual } from 'node:util';
import { addressWithPort } from '../core/base/address-text.ts';
import { reveal } from '../core/base/secret.ts';
import type { ContainerSpec } from '../docker/spec.ts';
import type { UserSettings } from './running/running-service.ts';
import { sizeText } from './size-text.ts';

/** What differs, and what the operator does about it. Holds names of the host's, never values of variables. */
export interface Difference {
  readonly what: string;
  readonly todo: string;
}

/** What an adoption is to make of a running service. */
export interface Wanted {
  readonly spec: ContainerSpec;
  /** Block of the inventory that has the settings of its container: `api7.gateway`. */
  readonly block: string;
  /** Paths in the container at which api7-orch mounts files of its own: their content is compared by itself. */
  readonly ownTargets: readonly string[];
  /** Port in the container that adoption publishes where it was not: `7085/tcp`. */
  readonly statusPort?: string | undefined;
  /** Ports in the container for which adoption takes others: the same port of the host leads there. */
  readonly insidePorts?: Readonly<Record<string, string>> | undefined;
}

/**
 * In what a running service differs from the inventory, beyond what adoption changes by design: name, host name, restart policy, stop
 * settings, limits, labels, log rotation, the places of configuration and uid, and the status port.
 *
 * @example settingsDiffer(found.settings, { spec, block: 'api7.gateway', ownTargets: ['/usr/local/apisix/conf/config.yaml'] })
 */
export function settingsDiffer(found: UserSettings, wanted: Wanted): readonly Difference[] {
  return [
    ...variables(found, wanted),
    ...ports(found, wanted),
    ...mounts(found, wanted),
    ...limits(found, wanted),
    ...names(found, wanted),
    ...logging(found),
  ];
}

const byHand = 'or first recreate the container with the settings of the inventory';

function variables({ env }: UserSettings, { spec, block }: Wanted): readonly Difference[] {
  const all = [...new Set([...Object.keys(env), ...Object.keys(spec.env)])].sort();
  return all.flatMap((name): readonly Difference[] => {
    const [is, stated] = [env[name], spec.env[name]];
    if (is === undefined)
      return [{ what: `variable ${name} is in the inventory only`, todo: `remove it from ${block}, ${byHand}` }];
    if (stated === undefined)
      return [{ what: `variable ${name} is in the container only`, todo: `add it to ${block}.env, ${byHand}` }];
    if (reveal(is) === reveal(stated)) return [];
    return [{ what: `variable ${name} has another value`, todo: `correct it under ${block}, ${byHand}` }];
  });
}

function ports(found: UserSettings, { spec, block, statusPort, insidePorts = {} }: Wanted): readonly Difference[] {
  const byPort = Map.groupBy(found.ports, ({ container, protocol }) => {
    const port = `${container}/${protocol}`;
    return insidePorts[port] ?? port;
  });
  const is = Object.fromEntries(
    [...byPort].map(([port, list]) => [
      port,
      list.flatMap(({ host, addresses }) => addresses.map((address) => addressWithPort(address, host))),
    ]),
  );
  const all = [...new Set([...Object.keys(is), ...Object.keys(spec.ports)])].sort();
  return all.flatMap((port): readonly Difference[] => {
    const [now, stated] = [everywhere(is[port] ?? []), everywhere(spec.ports[port] ?? [])];
    if (port === statusPort || isDeepStrictEqual(now, stated)) return [];
    return [
      {
        what: `port ${port} is published on ${now.join(', ') || 'no address'}, by the inventory on ${stated.join(', ') || 'none'}`,
        todo: `correct ${block}.ports or api7.bind, ${byHand}`,
      },
    ];
  });
}

/** Published on all addresses an Engine may list IPv6 by itself, or not. */
const everywhere = (addresses: readonly string[]): readonly string[] =>
  [...new Set(addresses.map((address) => address.replace(/^\[::\]:/, '0.0.0.0:')))].sort();

function mounts(found: UserSettings, { spec, block, ownTargets }: Wanted): readonly Difference[] {
  const is = new Map(found.mounts.map(({ target, source, readOnly }) => [target, { source, readOnly }]));
  const all = [...new Set([...is.keys(), ...Object.keys(spec.mounts)])].filter(
    (target) => !ownTargets.includes(target),
  );
  return all.sort().flatMap((target): readonly Difference[] => {
    const [now, stated] = [is.get(target), spec.mounts[target]];
    if (isDeepStrictEqual(now, stated)) return [];
    return [
      {
        what: `${target} is mounted from ${mountText(now)}, by the inventory from ${mountText(stated)}`,
        todo: `correct ${block}.mounts, ${byHand}`,
      },
    ];
  });
}

const mountText = (mount: { readonly source: string; readonly readOnly: boolean } | undefined): string =>
  mount === undefined ? 'nowhere' : `${mount.source} (${mount.readOnly ? 'read-only' : 'writable'})`;

function limits(found: UserSettings, { spec, block }: Wanted): readonly Difference[] {
  return (['memory', 'cpus'] as const).flatMap((field): readonly Difference[] => {
    if (found[field] === spec[field]) return [];
    const text = (value: number | undefined) =>
      value === undefined ? 'none' : field === 'memory' ? sizeText(value) : String(value);
    const [now, stated] = [text(found[field]), text(spec[field])];
    return [
      { what: `limit ${field} is ${now}, by the inventory ${stated}`, todo: `correct ${block}.${field}, ${byHand}` },
    ];
  });
}

function names(found: UserSettings, { spec, block }: Wanted): readonly Difference[] {
  const pairs = [
    ['extra_hosts', found.extraHosts, spec.extraHosts ?? {}],
    ['dns', found.dns, spec.dns ?? []],
  ] as const;
  const differences = pairs.flatMap(([field, now, stated]): readonly Difference[] =>
    isDeepStrictEqual(now, stated)
      ? []
      : [{ what: `${field} differs from the inventory`, todo: `correct ${block}.${field}, ${byHand}` }],
  );
  const network = spec.networkMode ?? 'bridge';
  return found.networkMode === network
    ? differences
    : [
        ...differences,
        {
          what: `its network is ${found.networkMode}, by the inventory ${network}`,
          todo: 'first recreate the container in the network bridge',
        },
      ];
}

/** Log drivers that keep files on the host: adoption adds their rotation. */
const FILES: ReadonlySet<string> = new Set(['', 'json-file', 'local']);

/** The driver of another one is set where nothing of an inventory reaches: in the Engine. */
const logging = ({ log }: UserSettings): readonly Difference[] =>
  FILES.has(log.driver)
    ? []
    : [
        {
          what: `its log driver is ${log.driver}`,
          todo: 'set it as log-driver in the daemon.json of the Docker Engine, or recreate the container without it',
        },
      ];
