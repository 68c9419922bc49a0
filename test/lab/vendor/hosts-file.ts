import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../lab.ts';

/** An inventory of the lab's hosts and of how they are reached, in its directory; `groups`: with them. */
export async function hostsFile(lab: Lab, name: string, { groups }: { readonly groups: boolean }): Promise<string> {
  const text = await readFile(lab.inventory, 'utf8');
  // The database is external.
  const [hosts = ''] = text.replaceAll(/^ {2}(?:db-1|database): .*\n/gm, '').split(/^api7:/m);
  const own = hosts.replace(/^#.*\n/, '# The hosts of the lab, for discover.\n');
  const path = join(lab.directory, `${name}.yaml`);
  await writeFile(path, groups ? own : (own.split(/^groups:/m)[0] ?? ''));
  return path;
}
