import type { Lab } from '../lab.ts';
import { LabError } from '../lab-error.ts';
import { hostsOf } from '../plan/lab-file.ts';
import { hostsFile } from './hosts-file.ts';
import { must } from './must.ts';
import { startVendorCluster, type Way } from './vendor-cluster.ts';

export const ways: readonly Way[] = ['page', 'script', 'compose'];

/**
 * A cluster on the bare hosts of a lab that api7-orch does not know, and the file of its hosts as an operator writes it for `discover`.
 *
 * @returns path of that file
 * @throws LabError when a host runs containers already
 */
export async function startVendorLab(lab: Lab, way: Way): Promise<string> {
  const hosts = [...hostsOf(lab.file, 'control_plane'), ...hostsOf(lab.file, 'data_plane')];
  const containers = await Promise.all(hosts.map((host) => must(lab, host, 'docker ps -aq')));
  const taken = hosts.filter((_, at) => containers[at]?.trim() !== '');
  if (taken.length > 0)
    throw new LabError(`${taken.join(', ')}: containers are there already; \`npm run lab -- reset\` removes them`);
  await startVendorCluster(lab, way);
  return await hostsFile(lab, 'hosts', { groups: false });
}
