import { join } from 'node:path';
import { CONTAINERS, PORTS } from '../../../src/api7/paths.ts';
import type { ContainerCreate } from '../../../src/core/host/docker.ts';
import type { Steps } from '../../../src/core/task/task.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { container } from '../../../src/tasks/container.ts';
import { httpReady } from '../../../src/tasks/http-ready.ts';
import { image } from '../../../src/tasks/image.ts';
import { upInBalancers } from '../../../src/traffic/gates/up-in-balancers.ts';
import { DockerHost } from '../../docker/docker-host.ts';
import { onePlay, runPlays } from '../../support/cluster/run-fake.ts';
import { note } from '../../support/cluster/toy-tasks.ts';
import { TARGET } from '../world.ts';

export const GATEWAY = CONTAINERS.gateway;

/** Version n of the gateway. */
export const imageOf = (version: number): string => `api7/gateway:${version}`;

export const versionOf = (ref: string): number => Number(ref.split(':')[1]);

const gatewayOf = (version: number) => {
  const shipped = image({ ref: imageOf(version) });
  return { shipped, runs: container({ name: GATEWAY, image: shipped, restart: 'always', stopTimeoutSeconds: 20 }) };
};

/** What a play wants of each host, like an upgrade. `inTraffic`: the node is to be restored; `staged`: it can be prepared. */
export function* upgrade(
  inventory: Inventory,
  host: { readonly name: string },
  { inTraffic, staged }: { readonly inTraffic: boolean; readonly staged: boolean },
): Steps {
  const { shipped, runs } = gatewayOf(TARGET);
  yield note({ path: '/staged', content: String(TARGET), broken: !staged });
  yield shipped;
  yield runs;
  yield httpReady({ port: PORTS.gateway.status, path: '/status', within: '10s', passes: 2, container: GATEWAY });
  if (inTraffic) yield* upInBalancers(inventory, host, PORTS.gateway.http);
}

/** The gateway's container as the task itself creates it, by version. */
async function bodyOf(version: number): Promise<ContainerCreate> {
  const host = new DockerHost({ name: 'mould' });
  host.engine.loadArchive(idsOf(version), imageOf(version));
  const bodies: ContainerCreate[] = [];
  const create = host.engine.create.bind(host.engine);
  host.engine.create = (name, body) => {
    bodies.push(body);
    return create(name, body);
  };
  await runPlays([host], onePlay(program));
  const [body] = bodies;
  if (body === undefined) throw new Error('no container was made');
  return body;

  function* program(): Steps {
    const { shipped, runs } = gatewayOf(version);
    yield shipped;
    yield runs;
  }
}

export const idsOf = (version: number) => ({ classic: `sha256:${version}`, containerd: `sha256:c${version}` });

export const BODIES: Readonly<Record<number, ContainerCreate>> = { 1: await bodyOf(1), 2: await bodyOf(2) };

const file = join(import.meta.dirname, '../../fixtures/faults/gateways.yaml');

const SIX: Inventory = await loadInventory(file, { env: {} });

/** The same cluster with these gateways only; `balanced`: it has balancers at all. */
export function inventoryOf(ids: readonly string[], balanced: boolean): Inventory {
  const pools = [...SIX.loadBalancers].map(([name, pool]) => [name, { ...pool, members: ids }] as const);
  return {
    ...SIX,
    groups: new Map([...SIX.groups, ['data_plane', ids]]),
    loadBalancers: new Map(balanced ? pools : []),
  };
}
