import { hostsOf, type LabFile, labHost } from '../plan/lab-file.ts';
import { poolsOf } from '../plan/pools.ts';
import { gatewayCertificate, issued, wrongCertificate } from './certificates.ts';

/** The name by which gateways reach DP Manager behind the load balancers. */
const dpManagerName = 'dp-manager.lab';

/**
 * The certificates of a lab with two gateway groups, in its folder `tls/`: `dp-manager` and `dashboard` with the addresses of the
 * load balancers, `gateway-default` and `gateway-edge` for the gateways, and `wrong-edge` from an authority that DP Manager does
 * not trust.
 */
export async function edgeCertificates(directory: string, lab: LabFile): Promise<void> {
  const addresses = hostsOf(lab, 'load_balancer').map((name) => `IP:${labHost(lab, name).address}`);
  for (const [name, dns] of [
    ['dp-manager', dpManagerName],
    ['dashboard', 'dashboard.lab'],
  ] as const) {
    await issued(directory, 'ca', { name, subject: `/CN=${dns}`, names: [`DNS:${dns}`, ...addresses] });
  }
  for (const group of ['default', 'edge']) await gatewayCertificate(directory, group);
  await wrongCertificate(directory, 'edge');
}

/**
 * The part after the database in the inventory of a lab with two gateway groups: its gateways reach DP Manager by mutual TLS
 * through the load balancers, and those of the group `edge` have host ports of their own.
 */
export function edgeInventory(common: string, lab: LabFile, nofile: number): string {
  const endpoints = hostsOf(lab, 'load_balancer').map((name) => `"https://${labHost(lab, name).address}:7943"`);
  const ofDefault = '"data_plane:!edge_gateways"';
  // The pool `gateways` also covers its TCP pool, whose members have the same addresses and ports.
  const pools = poolsOf(lab)
    .filter(({ name }) => name !== 'gateways_tcp')
    .map(
      ({ name, members, memberPort }) =>
        `  ${name}: { driver: haproxy, hosts: load_balancer, socket: /run/haproxy/admin.sock, members: ${members === 'data_plane' ? ofDefault : members}, port: ${memberPort} }\n`,
    );
  return `${common}  dashboard:
    ports: { http: 17080, https: 7443 }
    tls: { cert: !file tls/dashboard.pem, key: !file tls/dashboard.key }
  dp_manager:
    ports: { http: 17900, https: 7943 }
    tls: { cert: !file tls/dp-manager.pem, key: !file tls/dp-manager.key }
  gateway:
    endpoints: [${endpoints.join(', ')}]
    group: default
    cert: !file tls/gateway-default.pem
    key: !file tls/gateway-default.key
    ca: !file tls/ca.pem
    sni: ${dpManagerName}
  nofile: ${nofile}
gateway_groups:
  default: { hosts: ${ofDefault} }
  edge:
    hosts: edge_gateways
    group: edge
    cert: !file tls/gateway-edge.pem
    key: !file tls/gateway-edge.key
    ports: { http: 80, https: 443, status: 7085, tcp: [9000] }
load_balancers:
${pools.join('')}`;
}
