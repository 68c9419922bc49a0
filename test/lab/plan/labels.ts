import { readFile } from 'node:fs/promises';

/** Labels on all parts of a lab, by which it is found and removed, also without its files. */
export const label = {
  lab: 'api7-orch.lab',
  host: 'api7-orch.lab.host',
  recipe: 'api7-orch.lab.recipe',
  directory: 'api7-orch.lab.directory',
  owner: 'api7-orch.lab.owner',
} as const;

/** A filter of the Engine API for a label. @example { filters: labelled(label.lab, id) } */
export function labelled(name: string, value?: string): { readonly label: string[] } {
  return { label: [value === undefined ? name : `${name}=${value}`] };
}

/** A process as an owner: its id and its start, because ids are used again. Empty after its end. */
export async function owner(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 22 of proc(5); the name in parentheses may hold spaces.
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return start === undefined ? '' : `${pid}:${start}`;
}
