import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type Docker from 'dockerode';
import { missing } from '../hosts/engine.ts';
import { LabError } from '../lab-error.ts';
import { free, freePort } from './free-port.ts';
import { type LabFile, type LabHost, readLabFile, writeLabFile } from './lab-file.ts';
import { addressIn, freeSubnet } from './lab-network.ts';
import { label, labelled } from './labels.ts';
import { type BalancerKind, defaultSize, type HostSpec, hasEdge, type LabSize, topologyOf } from './topology.ts';

/** The requested lab; omitted options keep their earlier values. */
export interface LabWish {
  readonly version?: string | undefined;
  readonly size?: Partial<LabSize> | undefined;
  readonly balancer?: BalancerKind | undefined;
}

/** A name for the lab of a directory: two checkouts on one machine have two labs. */
export function labId(directory: string): string {
  return `api7-lab-${createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 6)}`;
}

/**
 * The lab of a directory as in lab.json, otherwise a new one with addresses and ports that are free now. The file stays valid
 * while the lab's network exists: ports and addresses survive restarts, and a change of size keeps those of the other hosts.
 * Without the network nothing is reserved, so addresses that another lab has taken since are chosen again. The caller holds the
 * engine's lock until the network exists.
 */
export async function planLab(docker: Docker, directory: string, wish: LabWish): Promise<LabFile> {
  const kept = await readLabFile(directory);
  const id = kept?.id ?? labId(directory);
  const reserved = kept !== null && (await docker.getNetwork(kept.network).inspect().catch(missing)) !== false;
  const subnet = kept !== null && reserved ? kept.subnet : await freeSubnet(docker, kept?.subnet);
  const size = { ...(kept?.size ?? defaultSize), ...wish.size };
  const balancer = wish.balancer ?? kept?.balancer ?? 'haproxy';
  if (balancer !== 'haproxy' && hasEdge(size))
    throw new LabError(`a lab with edge gateways has no ${balancer}: use haproxy`);
  const taken = await portsOfOthers(docker, id);
  const own = new Set(reserved ? portsOf(kept) : await stillFree(portsOf(kept), taken));
  for (const port of own) taken.add(port);
  const host = async (spec: HostSpec): Promise<LabHost> => {
    const was = kept?.hosts[spec.name];
    const ports: Record<string, number> = {};
    for (const name of Object.keys(spec.ports)) {
      const before = was?.ports[name];
      ports[name] = before !== undefined && own.has(before) ? before : await freePort(taken);
    }
    return { container: `${id}-${spec.name}`, address: addressIn(subnet, spec.byte), ports };
  };
  const hosts = await Promise.all(topologyOf(size).map(async (spec) => [spec.name, await host(spec)] as const));
  const lab: LabFile = {
    id,
    network: kept?.network ?? id,
    subnet,
    version: wish.version ?? kept?.version ?? '3.10.5',
    size,
    balancer,
    hosts: Object.fromEntries(hosts),
  };
  await writeLabFile(directory, lab);
  return lab;
}

const portsOf = (lab: LabFile | null): readonly number[] =>
  Object.values(lab?.hosts ?? {}).flatMap(({ ports }) => Object.values(ports));

/**
 * Ports that the other labs of this engine have in their lab.json, whether their hosts have started or not, and those that any
 * container publishes: without a proxy process the engine binds nothing, and such a port seems free.
 */
async function portsOfOthers(docker: Docker, id: string): Promise<Set<number>> {
  const networks = await docker.listNetworks({ filters: labelled(label.lab) });
  const others = networks.filter(({ Labels }) => Labels?.[label.lab] !== id);
  const labs = await Promise.all(
    others.map(({ Labels }) => readLabFile(Labels?.[label.directory] ?? '').catch(() => null)),
  );
  const containers = await docker.listContainers();
  const published = containers
    .filter(({ Labels }) => Labels[label.lab] !== id)
    .flatMap(({ Ports }) => Ports.flatMap(({ PublicPort }) => PublicPort ?? []));
  return new Set([...labs.flatMap(portsOf), ...published]);
}

async function stillFree(ports: readonly number[], taken: ReadonlySet<number>): Promise<readonly number[]> {
  const tried = await Promise.all(ports.map(async (port) => !taken.has(port) && (await free(port))));
  return ports.filter((_, at) => tried[at]);
}
