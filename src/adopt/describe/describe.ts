import type { HostsInventory } from '../../inventory/load.ts';
import { DEFAULTS } from '../../inventory/schema/defaults.ts';
import type { WrittenBlock } from '../../inventory/write.ts';
import type { FoundPools } from '../pools/found-pool.ts';
import { refusal } from '../running/refusal.ts';
import type { FoundOnHost } from '../running/running-service.ts';
import { type Block, filled } from './container-block.ts';
import { controlPlane } from './control-plane.ts';
import type { LateRefusal, ServiceOn } from './described.ts';
import { gateways } from './gateways.ts';
import { groupsBlock } from './groups-block.ts';
import { imagesBlock } from './images-block.ts';
import { patternOf, poolsBlock } from './pools-block.ts';
import { SecretFiles } from './secret-files.ts';

/** What was found of a cluster. */
export interface FoundCluster {
  readonly inventory: HostsInventory;
  readonly hosts: readonly FoundOnHost[];
  readonly balancers: readonly (FoundPools & { readonly host: string })[];
  /** Open files that a container can be given on every host. */
  readonly nofile: number;
}

/** The inventory that describes a running cluster. */
export interface DescribedCluster {
  readonly blocks: readonly WrittenBlock[];
  /** Contents of files below the directory of secrets, by name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly refusals: readonly LateRefusal[];
  /** Findings without a place in the inventory, for people. Contains words of hosts. */
  readonly notes: readonly string[];
}

/**
 * Writes down what runs, so that an installation by it changes only what adoption changes. Pure.
 *
 * @param directory of secrets, relative to the inventory
 */
export function describeCluster(found: FoundCluster, directory: string): DescribedCluster {
  const { inventory } = found;
  const services = servicesOf(found);
  const groups = groupsBlock(inventory, services, found.balancers);
  const plane = controlPlane(services.filter(({ found: one }) => one.service !== 'gateway'));
  const gate = gateways(services.filter(({ found: one }) => one.service === 'gateway'));
  const pools = poolsBlock(
    found.balancers.flatMap((one) => one.pools),
    services,
    groups.members,
  );
  const files = new SecretFiles(directory);
  const several = gate.groups.length > 1;
  const [only] = gate.groups;
  const api7 = files.placed(
    {
      ...imagesBlock(services.map(({ found: one }) => one)),
      ...plane.block,
      gateway: several ? undefined : only?.block,
      bind: filled({ ...plane.bind, ...(several ? {} : only?.bind) }),
      config: filled({ ...plane.config, gateway: several ? undefined : only?.config }),
      nofile: found.nofile < DEFAULTS.nofile ? found.nofile : undefined,
    },
    [],
  );
  const grouped = (several ? gate.groups : []).map(({ name, hosts, block, bind, config }) => {
    const { group, ...fields } = block;
    const value = {
      hosts: patternOf(hosts, groups.members),
      group: group === name ? undefined : group,
      ...fields,
      bind: filled(bind),
      config: filled(config),
    };
    return [name, files.placed(value, [name])] as const;
  });
  return {
    blocks: [
      ...kept(inventory, ['cluster', 'ssh']),
      { key: 'hosts', value: hostsWith(inventory, services, gate.logins, files) },
      ...(groups.value.size === 0 ? [] : [{ key: 'groups', value: groups.value }]),
      ...kept(inventory, ['vars']),
      { key: 'api7', value: api7 },
      ...(several ? [{ key: 'gateway_groups', value: Object.fromEntries(grouped) }] : []),
      ...(Object.keys(pools.pools).length === 0
        ? []
        : [{ key: 'load_balancers', value: files.placed(pools.pools, []), comments: LIMITS }]),
    ],
    secrets: files.contents,
    refusals: [...plane.refusals, ...gate.refusals, ...groups.refusals, ...duplicates(services), ...versions(services)],
    notes: [...plane.notes, ...groups.notes, ...found.balancers.flatMap(({ notes }) => notes), ...pools.notes],
  };
}

const LIMITS = [
  'No request may take longer than longest_request (60s where it is not set): set it to what your clients need.',
];

/** One of each service and host; of rivals none, because only their operator knows which one to adopt. */
const servicesOf = ({ inventory, hosts }: FoundCluster): readonly ServiceOn[] =>
  hosts.flatMap(({ host, services }) =>
    services
      .filter(({ refusals }) => !refusals.some(({ code }) => code === 'TWO_CONTAINERS'))
      .map((found) => ({ host, address: inventory.hosts.get(host)?.address ?? '', found })),
  );

const kept = ({ written }: HostsInventory, keys: readonly string[]): readonly WrittenBlock[] =>
  keys.flatMap((key) => (written.has(key) ? [{ key, value: written.get(key) }] : []));

/** The hosts as they were written, with what only they have. */
function hostsWith(
  { written }: HostsInventory,
  services: readonly ServiceOn[],
  logins: ReadonlyMap<string, Block>,
  files: SecretFiles,
) {
  const hosts = written.get('hosts');
  return new Map(
    [...(hosts instanceof Map ? hosts : [])].map(([name, fields]: [string, unknown]) => {
      const uid = services.find(({ host, found }) => host === name && found.uid !== undefined)?.found.uid;
      const login = logins.get(name);
      const more = [
        ...(uid === undefined ? [] : [['uid', uid] as const]),
        ...(login === undefined ? [] : [['gateway', files.placed(login, [name])] as const]),
      ];
      return [name, new Map([...(fields instanceof Map ? fields : []), ...more])] as const;
    }),
  );
}

/** An instance that is known twice has one line in the dashboard. */
function duplicates(services: readonly ServiceOn[]): readonly LateRefusal[] {
  const byUid = Map.groupBy(
    services.filter(({ found }) => found.uid !== undefined),
    ({ found }) => found.uid?.toLowerCase(),
  );
  return [...byUid.values()]
    .filter((same) => same.length > 1)
    .flatMap((same) =>
      same.map(
        ({ host, found }): LateRefusal => ({
          host,
          service: 'gateway',
          refusal: refusal(
            'DUPLICATE_UID',
            `${found.container.name}: ${same
              .filter((one) => one.host !== host)
              .map((one) => one.host)
              .join(', ')} has the same apisix.uid`,
            'write another UUID into one of them while its node is drained, and restart that container',
          ),
        }),
      ),
    );
}

/** All gateways run one image; so do all dashboards, and all DP Managers. */
function versions(services: readonly ServiceOn[]): readonly LateRefusal[] {
  return [...Map.groupBy(services, ({ found }) => found.service)].flatMap(([service, same]) => {
    const [first] = same;
    return same
      .filter(({ found }) => found.image.ref !== first?.found.image.ref)
      .map(
        ({ host, found }): LateRefusal => ({
          host,
          service,
          refusal: refusal(
            'HOSTS_DIFFER',
            `${found.container.name}: its image is ${found.image.ref}, on ${first?.host} it is ${first?.found.image.ref}`,
            'bring all of them to one version first',
          ),
        }),
      );
  });
}
