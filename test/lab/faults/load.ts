import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { exchange } from '../load/load-clients.ts';
import { hostsOf } from '../plan/lab-file.ts';

export interface Answers {
  readonly sent: number;
  /** By kind and balancer: `lb-1: status 503`. */
  readonly errors: Readonly<Record<string, number>>;
}

const EVERY_MS = 50;

/**
 * 20 GET requests a second, each on a connection of its own, through the HTTP frontends of all balancers one after another,
 * without retries. A request without a response fails after `silentMs`; the end of the load waits for the last one.
 */
export function lightLoad(lab: Lab, silentMs?: number): { stop(): Promise<Answers> } {
  const targets = hostsOf(lab.file, 'load_balancer').map((name) => ({
    balancer: name,
    name,
    url: lab.direct('gateways', name),
    glued: false,
  }));
  const errors: Record<string, number> = {};
  const open = new Set<Promise<unknown>>();
  let sent = 0;
  let running = true;
  const begun = performance.now();
  const all = (async () => {
    for (; running; sent++) {
      const target = targets[sent % targets.length];
      if (target === undefined) return;
      const request = exchange(target, `/light?n=${sent}`, { timeout: silentMs }).catch((error: unknown) => {
        const what = `${target.name}: ${error instanceof Error ? error.message : error}`;
        errors[what] = (errors[what] ?? 0) + 1;
      });
      open.add(request);
      void request.then(() => open.delete(request));
      await sleep(Math.max(0, begun + EVERY_MS * (sent + 1) - performance.now()));
    }
    await Promise.all(open);
  })();
  return {
    async stop() {
      running = false;
      await all;
      return { sent, errors };
    },
  };
}
