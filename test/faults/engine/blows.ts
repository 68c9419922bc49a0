import type { Cluster } from './cluster.ts';
import type { Monitor } from './monitor.ts';
import type { Blows } from './strike.ts';

const NETWORK_MS = 60_000;

/** The effects of faults on the hosts. */
export const blowsOn = (cluster: Cluster, monitor: Monitor): Omit<Blows, 'kill' | 'interrupt' | 'answer'> => ({
  last: cluster.ids.at(-1) ?? '',
  takeDown(id) {
    monitor.struck(id);
    cluster.down.add(id);
    cluster.health();
  },
  crash(id) {
    monitor.struck(id);
    cluster.crash(id);
  },
  recover: (id) => cluster.recover(id),
  cutNetwork() {
    cluster.cut = true;
    monitor.way.cut();
    cluster.time.after(NETWORK_MS, () => {
      cluster.cut = false;
    });
  },
  reload: () => cluster.balancers.get('lb-1')?.reload(),
  sleep: (ms) => cluster.time.sleep(ms),
});
