import type { BindPort } from './inventory.ts';

/** Ports of the vendor's high-availability page: published on the hosts, checked, and balanced. */
export const PORTS = {
  dashboard: 17080,
  dpManager: 17900,
  status: 7085,
  http: 9080,
  https: 9443,
} as const satisfies Record<BindPort, number>;
