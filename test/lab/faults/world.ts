import type { Lab } from '../lab.ts';
import { hostsOf } from '../plan/lab-file.ts';
import { leases, serverStates, startedAt } from '../scenes/rolling-scene.ts';

/** The state of the gateways as seen from outside the product. */
export interface World {
  /** When each gateway's container was started last; empty where no engine responds. */
  readonly starts: Readonly<Record<string, string>>;
  /** Id of the image that each gateway runs; empty where no engine responds. */
  readonly images: Readonly<Record<string, string>>;
  /** Servers, `lb-1 gateways/gw-1`, that are not in full service. */
  readonly notServing: readonly string[];
  /** Balancer and gateway, `lb-1 gw-1`, with a drained server. */
  readonly orderedOut: readonly string[];
  /** The same, with a lease. */
  readonly recorded: readonly string[];
}

export async function worldOf(lab: Lab): Promise<World> {
  const [starts, images, servers, files] = await Promise.all([
    outputOf(lab, startedAt),
    outputOf(lab, "docker inspect -f '{{.Image}}' api7-gateway"),
    serverStates(lab),
    leases(lab),
  ]);
  const entries = Object.entries(servers);
  const where = (name: string) => name.replace(/ .*\//, ' ');
  return {
    starts,
    images,
    notServing: entries.filter(([, { operation, admin }]) => operation !== 2 || admin !== 0).map(([name]) => name),
    // The bits of an order, external or of api7-orch: maintenance (1) and drain (8).
    orderedOut: unique(entries.filter(([, { admin }]) => (admin & 9) !== 0).map(([name]) => where(name))),
    recorded: unique(files.map((file) => file.replace(/: .*\.(.*)\.json$/, ' $1'))),
  };
}

/** Gateways whose container was started again between two snapshots, as far as both exist. */
export const startedBetween = (before: World, after: World): readonly string[] =>
  Object.keys(before.starts).filter((name) => {
    const now = after.starts[name] ?? '';
    return now !== '' && before.starts[name] !== '' && now !== before.starts[name];
  });

async function outputOf(lab: Lab, command: string): Promise<Readonly<Record<string, string>>> {
  const all = await Promise.all(
    hostsOf(lab.file, 'data_plane').map(async (name) => {
      // A machine that is off runs nothing.
      const { out } = await lab.exec(name, command).catch(() => ({ out: '' }));
      return [name, out.trim()] as const;
    }),
  );
  return Object.fromEntries(all);
}

const unique = (all: readonly string[]): readonly string[] => [...new Set(all)].sort();
