import { SmallCluster } from './small-cluster.ts';

/** A cluster after its first install. */
export async function installed(lbs: 1 | 2 = 2): Promise<SmallCluster> {
  const cluster = new SmallCluster(lbs);
  const { exitCode, messages } = await cluster.run();
  if (exitCode !== 0) throw new Error(`install ended with ${exitCode}: ${messages.join('; ')}`);
  await cluster.settle();
  return cluster;
}

/** A cluster on which the next install changes every node. */
export async function due(lbs: 1 | 2 = 2): Promise<SmallCluster> {
  const cluster = await installed(lbs);
  cluster.upgrade();
  return cluster;
}
