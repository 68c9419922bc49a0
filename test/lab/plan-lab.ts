import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type Docker from 'dockerode';
import { freePort } from './free-port.ts';
import { type LabFile, type LabHost, readLabFile, writeLabFile } from './lab-file.ts';
import { addressIn, freeSubnet } from './lab-network.ts';
import { type BalancerKind, defaultSize, type HostSpec, type LabSize, topologyOf } from './topology.ts';

/** What is asked of a lab; what is not said stays as it was. */
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
 * The lab of a directory as lab.json has it, else a new one with addresses and ports that are free now. What is
 * written there stays: ports and addresses survive restarts, and a change of size leaves those of the other hosts alone.
 */
export async function planLab(docker: Docker, directory: string, wish: LabWish): Promise<LabFile> {
  const kept = await readLabFile(directory);
  const id = kept?.id ?? labId(directory);
  const subnet = kept?.subnet ?? (await freeSubnet(docker));
  const size = { ...(kept?.size ?? defaultSize), ...wish.size };
  const taken = new Set(Object.values(kept?.hosts ?? {}).flatMap(({ ports }) => Object.values(ports)));
  const host = async (spec: HostSpec): Promise<LabHost> => {
    const was = kept?.hosts[spec.name];
    const ports: Record<string, number> = {};
    for (const port of Object.keys(spec.ports)) ports[port] = was?.ports[port] ?? (await freePort(taken));
    const address = was?.address ?? addressIn(subnet, spec.byte);
    return { container: `${id}-${spec.name}`, address, ports };
  };
  const hosts = await Promise.all(topologyOf(size).map(async (spec) => [spec.name, await host(spec)] as const));
  const lab: LabFile = {
    id,
    network: kept?.network ?? id,
    subnet,
    version: wish.version ?? kept?.version ?? '3.10.5',
    size,
    balancer: wish.balancer ?? kept?.balancer ?? 'haproxy',
    hosts: Object.fromEntries(hosts),
  };
  await writeLabFile(directory, lab);
  return lab;
}
