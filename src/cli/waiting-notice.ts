import type { Clock } from '../core/base/clock.ts';
import { nameList } from '../render/lines/paint.ts';
import type { Connections } from '../traffic/pool-snapshot.ts';

/** No notice before this time: most hosts respond within a second. */
const QUIET_MS = 3000;

export interface WaitingNotice {
  /** The same connections, with tracking of pending ones. */
  readonly hosts: Connections;
  /** Ends the notices. */
  stop(): void;
}

/**
 * Names the hosts that a verb still waits for on a terminal, so that one slow host does not make the program seem to
 * hang.
 */
export function waitingNotice(
  hosts: Connections,
  clock: Clock,
  terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>,
): WaitingNotice {
  const waiting = new Set<string>();
  const over = new AbortController();
  const say = async (): Promise<void> => {
    for (let shown = ''; ; ) {
      await clock.sleep(QUIET_MS, over.signal);
      const names = nameList([...waiting]);
      if (waiting.size > 0 && names !== shown) terminal.write(`waiting for ${names}\n`);
      shown = names;
    }
  };
  if (terminal.isTTY) void say().catch(() => undefined);
  return {
    hosts: {
      async get(name) {
        waiting.add(name);
        try {
          return await hosts.get(name);
        } finally {
          waiting.delete(name);
        }
      },
    },
    stop: () => over.abort(),
  };
}
