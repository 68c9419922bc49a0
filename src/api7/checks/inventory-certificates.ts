import type { Inventory } from '../../inventory/inventory.ts';
import type { CertificateFiles } from './certificates.ts';

/** All certificates of the inventory. */
export function certificatesOf({ api7, groups, gatewayGroups }: Inventory): readonly CertificateFiles[] {
  const logins = [...gatewayGroups.values()].flatMap(({ name, hosts, auth, authByHost }) => [
    {
      place: gatewayGroups.size === 1 ? 'api7.gateway' : `gateway_groups.${name}`,
      auth,
      hosts: hosts.filter((host) => !authByHost.has(host)),
    },
    ...[...authByHost].map(([host, own]) => ({ place: `hosts.${host}.gateway`, auth: own, hosts: [host] })),
  ]);
  const clients = logins.flatMap(({ auth, ...at }) => (auth.kind === 'certificate' ? [{ ...at, ...auth }] : []));
  const hosts = groups.get('control_plane') ?? [];
  const { dashboard, dpManager, database } = api7;
  const prometheus = api7.prometheus?.tls;
  return [
    ...clients.map(({ place, hosts, cert, key, ca }) => ({ place, hosts, cert, key, ca })),
    ...(dashboard.tls === undefined ? [] : [{ place: 'api7.dashboard.tls', hosts, ...dashboard.tls }]),
    ...(dpManager.tls === undefined
      ? []
      : [{ place: 'api7.dp_manager.tls', hosts, ...dpManager.tls, ...expectedBy(clients) }]),
    // Another authority may issue the client certificates of Prometheus, so no chain is checked.
    ...(prometheus?.client === undefined ? [] : [{ place: 'api7.prometheus.tls', hosts, ...prometheus.client }]),
    ...(prometheus?.ca === undefined ? [] : [{ place: 'api7.prometheus.tls.ca', hosts, authority: prometheus.ca }]),
    ...(database.rootCert === undefined
      ? []
      : [{ place: 'api7.database.sslrootcert', hosts, authority: database.rootCert }]),
  ];
}

/** What gateways expect of DP Manager's certificate. */
function expectedBy(clients: readonly { readonly ca: string; readonly sni: string }[]) {
  const [first] = clients;
  return first === undefined ? {} : { ca: first.ca, names: [...new Set(clients.map(({ sni }) => sni))] };
}
