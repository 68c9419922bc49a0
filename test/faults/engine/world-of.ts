import { type Member, type SimNode, TARGET, type World } from '../world.ts';
import type { Cluster } from './cluster.ts';
import { GATEWAY, versionOf } from './program.ts';

/** The current state of the hosts of a cluster, as the machine's tests describe a world. */
export async function worldOf(cluster: Cluster): Promise<World> {
  const { ids, balancers, inventory } = cluster;
  const nodes = await Promise.all(ids.map(async (id) => [id, await nodeOf(cluster, id)] as const));
  const members = (lb: string) => Object.fromEntries(ids.map((id) => [id, memberOf(cluster, lb, id)]));
  const isBalanced = inventory.loadBalancers.size > 0;
  return {
    target: TARGET,
    nodes: Object.fromEntries(nodes),
    balancers: Object.fromEntries([...balancers.keys()].map((lb) => [lb, isBalanced ? members(lb) : {}])),
  };
}

async function nodeOf({ engine, sick, down }: Cluster, id: string): Promise<SimNode> {
  const found = await engine(id).container(GATEWAY);
  return {
    version: versionOf(found?.Config.Image ?? ':0'),
    running: found?.State.Running === true,
    sick: sick.has(id),
    reachable: !down.has(id),
  };
}

const memberOf = ({ row, lease }: Cluster, lb: string, id: string): Member => ({
  admin: row(lb, id).admin,
  sessions: 0,
  lease: lease(lb, id),
});
