/**
 * Ports of the services inside their containers. Hosts publish them under the same numbers unless the inventory sets
 * others. 17080 and 17900 come from the vendor's high-availability page.
 */
export const PORTS = {
  dashboard: { http: 17080, https: 7443 },
  dpManager: { http: 17900, https: 7943 },
  gateway: { http: 9080, https: 9443, status: 7085 },
} as const;
