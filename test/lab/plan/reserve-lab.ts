import type Docker from 'dockerode';
import type { LabFile } from './lab-file.ts';
import { ensureNetwork } from './lab-network.ts';
import { label } from './labels.ts';
import { withEngineLock } from './machine-lock.ts';
import { type LabWish, planLab } from './plan-lab.ts';

/** The lock under which labs choose subnets and ports. */
export const ADDRESSES = 'addresses';

/**
 * Plans a lab and makes its network, so that its subnet and its ports are taken from then on: two labs that start at once, in any
 * process and checkout, never choose the same. The network names the directory whose lab.json lists the ports; hosts may start
 * later, without the lock.
 * @example await reserveLab(docker, '.lab', {}, { [label.directory]: '.lab' })
 */
export function reserveLab(
  docker: Docker,
  directory: string,
  wish: LabWish,
  marks: Readonly<Record<string, string>>,
): Promise<LabFile> {
  return withEngineLock(docker, ADDRESSES, async () => {
    const lab = await planLab(docker, directory, wish);
    const labels = { ...marks, [label.lab]: lab.id };
    await ensureNetwork(docker, { name: lab.network, subnet: lab.subnet, labels });
    return lab;
  });
}
