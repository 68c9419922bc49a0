import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type Docker from 'dockerode';
import { freePort } from './free-port.ts';
import { type LabFile, type LabHost, readLabFile, writeLabFile } from './lab-file.ts';
import { addressIn, freeSubnet } from './lab-network.ts';
import { type HostName, hostNames, topology } from './topology.ts';

/** A name for the lab of a directory: two checkouts on one machine have two labs. */
export function labId(directory: string): string {
  return `api7-lab-${createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 6)}`;
}

/**
 * The lab of a directory as lab.json has it, else a new one with addresses and ports that are free now. What is
 * written there stays: ports and addresses survive restarts.
 */
export async function planLab(docker: Docker, directory: string, version: string | undefined): Promise<LabFile> {
  const kept = await readLabFile(directory);
  const wanted = version ?? kept?.version ?? '3.10.5';
  if (kept) {
    const lab = { ...kept, version: wanted };
    if (wanted !== kept.version) await writeLabFile(directory, lab);
    return lab;
  }
  const id = labId(directory);
  const subnet = await freeSubnet(docker);
  const taken = new Set<number>();
  const host = async (name: HostName): Promise<LabHost> => {
    const ports: Record<string, number> = {};
    for (const port of Object.keys(topology[name].ports)) ports[port] = await freePort(taken);
    return { container: `${id}-${name}`, address: addressIn(subnet, topology[name].byte), ports };
  };
  const [cp1, cp2, gw1, gw2, gw3, lb1, db1] = await Promise.all(hostNames.map(host));
  if (!cp1 || !cp2 || !gw1 || !gw2 || !gw3 || !lb1 || !db1) throw new Error('a host of the topology has no plan');
  const hosts = { 'cp-1': cp1, 'cp-2': cp2, 'gw-1': gw1, 'gw-2': gw2, 'gw-3': gw3, 'lb-1': lb1, 'db-1': db1 };
  const lab = { id, network: id, subnet, version: wanted, hosts };
  await writeLabFile(directory, lab);
  return lab;
}
