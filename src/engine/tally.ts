import { type HostCounts, NO_COUNTS, type RunEvent } from '../core/event/event.ts';

/** Counts per host, from the events `task.end` and `host.unreachable` alone. */
export class Tally {
  readonly #hosts = new Map<string, HostCounts>();

  constructor(hosts: readonly string[]) {
    for (const host of hosts) this.#hosts.set(host, NO_COUNTS);
  }

  add(event: RunEvent): void {
    if (event.type === 'task.end') {
      const counts = this.#hosts.get(event.host) ?? NO_COUNTS;
      this.#hosts.set(event.host, { ...counts, [event.status]: counts[event.status] + 1 });
    } else if (event.type === 'host.unreachable') {
      this.#hosts.set(event.host, { ...(this.#hosts.get(event.host) ?? NO_COUNTS), unreachable: 1 });
    }
  }

  hosts(): Readonly<Record<string, HostCounts>> {
    return Object.fromEntries(this.#hosts);
  }
}
