import type { Cluster } from './cluster.ts';
import type { Blows } from './strike.ts';
import type { Watch } from './watch.ts';

const NETWORK_MS = 60_000;

/** The effects of faults on the hosts. */
export const blowsOn = (cluster: Cluster, watch: Watch): Omit<Blows, 'kill' | 'interrupt' | 'answer'> => ({
  last: cluster.ids.at(-1) ?? '',
  takeDown(id) {
    watch.struck(id);
    cluster.down.add(id);
    cluster.health();
  },
  crash(id) {
    watch.struck(id);
    cluster.crash(id);
  },
  recover: (id) => cluster.recover(id),
  cutNetwork() {
    cluster.cut = true;
    watch.way.cut();
    cluster.time.after(NETWORK_MS, () => {
      cluster.cut = false;
    });
  },
  reload: () => cluster.balancers.get('lb-1')?.reload(),
  sleep: (ms) => cluster.time.sleep(ms),
});
