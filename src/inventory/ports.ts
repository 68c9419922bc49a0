/**
 * Ports on which the services listen inside their containers, by service. Unless the inventory says otherwise their hosts publish
 * them under the same numbers. 17080 and 17900 are those of the vendor's high-availability page.
 */
export const PORTS = {
  dashboard: { http: 17080, https: 7443 },
  dpManager: { http: 17900, https: 7943 },
  gateway: { http: 9080, https: 9443, status: 7085 },
} as const;
