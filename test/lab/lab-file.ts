import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from './lab-error.ts';
import { hostNames } from './topology.ts';

const host = z.object({
  container: z.string(),
  /** In the lab's network, as the other hosts see it. */
  address: z.string(),
  /** Published on 127.0.0.1, by name. */
  ports: z.record(z.string(), z.number()),
});

const labFile = z.object({
  /** Marks every container, volume and network of this lab. */
  id: z.string(),
  network: z.string(),
  subnet: z.string(),
  version: z.string(),
  hosts: z.record(z.enum(hostNames), host),
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
