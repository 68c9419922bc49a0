import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../lab-error.ts';
import { balancers, defaultSize, type HostName, type Role, topologyOf } from './topology.ts';

const host = z.object({
  container: z.string(),
  /** In the lab's network, as the other hosts see it. */
  address: z.string(),
  /** Published on 127.0.0.1, by name. */
  ports: z.record(z.string(), z.number()),
});
const count = z.number().int().positive();

const labFile = z.object({
  /** Marks every container, volume and network of this lab. */
  id: z.string(),
  network: z.string(),
  subnet: z.string(),
  version: z.string(),
  size: z
    .object({
      controlPlane: count,
      dataPlane: count,
      loadBalancers: count,
      edgeGateways: z.number().int().nonnegative().optional(),
    })
    .default(defaultSize),
  balancer: z.enum(balancers).default('haproxy'),
  hosts: z.record(z.string(), host),
});

export type LabFile = Readonly<z.infer<typeof labFile>>;
export type LabHost = Readonly<z.infer<typeof host>>;

/** The lab of a directory, null when there is none. @example const lab = await readLabFile('.lab') */
export async function readLabFile(directory: string): Promise<LabFile | null> {
  const path = join(directory, 'lab.json');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return labFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new LabError(`${path} cannot be read: remove it and run \`npm run lab -- up\``, { cause });
  }
}

/** Writes lab.json. */
export async function writeLabFile(directory: string, lab: LabFile): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'lab.json'), `${JSON.stringify(lab, null, 2)}\n`);
}

/** A host of a lab. @throws LabError with the names of all hosts */
export function labHost(lab: LabFile, name: HostName): LabHost {
  const found = lab.hosts[name];
  if (found) return found;
  throw new LabError(`${name} is no host of the lab; these are: ${hostNames(lab).join(' ')}`);
}

/** All hosts, in the order of the topology. */
export function hostNames(lab: LabFile): readonly HostName[] {
  return topologyOf(lab.size).map(({ name }) => name);
}

/** The hosts of a role, in order. @example hostsOf(lab, 'control_plane') // ['cp-1', 'cp-2'] */
export function hostsOf(lab: LabFile, role: Role): readonly HostName[] {
  return topologyOf(lab.size)
    .filter((spec) => spec.role === role)
    .map(({ name }) => name);
}
