import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../lab.ts';

/** The lab's inventory with some parts replaced, beside the original. */
export async function inventoryWith(lab: Lab, name: string, change: (text: string) => string): Promise<string> {
  const text = await readFile(lab.inventory, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`the change "${name}" changes nothing`);
  const file = join(lab.directory, `${name}.yaml`);
  await writeFile(file, changed);
  return file;
}
