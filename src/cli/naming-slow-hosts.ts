import type { Clock } from '../core/base/clock.ts';
import { nameList } from '../render/lines/paint.ts';
import type { Connections } from '../traffic/pool-snapshot.ts';
import { printLine } from './print/print-line.ts';

/** No notice before this time: most hosts respond within a second. */
const QUIET_MS = 3000;

/**
 * Reads by the connections of a session. On a terminal it names the hosts that it still waits for, so that one slow
 * host does not make the program seem to hang.
 *
 * @example const seen = await namingSlowHosts(session, environment, (hosts) => examine(inventory, { hosts, forks }));
 */
export async function namingSlowHosts<T>(
  { hosts, clock }: { readonly hosts: Connections; readonly clock: Clock },
  { stderr = process.stderr }: { readonly stderr?: NodeJS.WriteStream },
  read: (hosts: Connections) => Promise<T>,
): Promise<T> {
  const waiting = new Set<string>();
  const over = new AbortController();
  const say = async (): Promise<void> => {
    for (let shown = ''; ; ) {
      await clock.sleep(QUIET_MS, over.signal);
      const names = nameList([...waiting]);
      if (waiting.size > 0 && names !== shown) printLine(stderr, `waiting for ${names}`);
      shown = names;
    }
  };
  if (stderr.isTTY) void say().catch(() => undefined);
  const tracked: Connections = {
    async get(name) {
      waiting.add(name);
      try {
        return await hosts.get(name);
      } finally {
        waiting.delete(name);
      }
    },
  };
  return await read(tracked).finally(() => over.abort());
}
