import { resolve } from 'node:path';
import { engine, missing } from './hosts/engine.ts';
import { hostExec } from './hosts/host-exec.ts';
import { labHost, readLabFile } from './plan/lab-file.ts';
import { type HostName, topologyOf } from './plan/topology.ts';

export interface HostStatus {
  readonly name: HostName;
  readonly role: string;
  readonly address: string;
  /** Of the host itself: running, paused, exited … or missing. */
  readonly state: string;
  /** Its own containers as `name (status)`. */
  readonly containers: readonly string[];
  readonly ports: Readonly<Record<string, number>>;
}

/** The state of the hosts of a lab; null when the directory has no lab. @example await labStatus('.lab') */
export async function labStatus(directory: string): Promise<readonly HostStatus[] | null> {
  const lab = await readLabFile(resolve(directory));
  if (!lab) return null;
  const docker = await engine();
  return Promise.all(
    topologyOf(lab.size).map(async ({ name, role }) => {
      const { container, address, ports } = labHost(lab, name);
      const found = await docker.getContainer(container).inspect().catch(missing);
      const state = found === false ? 'missing' : found.State.Paused ? 'paused' : found.State.Status;
      const listing =
        state === 'running'
          ? await hostExec(docker, container, "docker ps -a --format '{{.Names}} ({{.Status}})'")
          : null;
      const containers = listing?.code === 0 ? listing.out.split('\n').filter((line) => line !== '') : [];
      return { name, role, address, state, containers, ports };
    }),
  );
}

/** The status as a table for a terminal. */
export function statusTable(hosts: readonly HostStatus[]): string {
  const rows = [['HOST', 'STATE', 'ADDRESS', 'ON 127.0.0.1', 'CONTAINERS']];
  for (const { name, state, address, ports, containers } of hosts) {
    const published = Object.entries(ports).map(([port, number]) => `${port} ${number}`);
    rows.push([name, state, address, published.join(', '), containers.join(', ') || '-']);
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
