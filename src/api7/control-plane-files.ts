import { defined } from '../core/base/data.ts';
import type { Text } from '../core/base/secret.ts';
import { DATABASE_CA } from '../inventory/database-ca.ts';
import type { Api7Settings } from '../inventory/inventory.ts';
import { PATHS } from './paths.ts';

/** A PEM file for a service of the control plane. */
export interface MountedFile {
  /** Path on the host: each service has its own copy. */
  readonly source: string;
  /** Path in the container, which the configuration names. */
  readonly target: string;
  readonly content: Text;
}

/** Paths of Prometheus' files in the containers. */
export const PROMETHEUS_FILES = {
  ca: '/opt/api7/prometheus-ca.pem',
  cert: '/opt/api7/prometheus-cert.pem',
  key: '/opt/api7/prometheus-key.pem',
} as const;

/** Paths of a service's own certificate. */
export const TLS_FILES = { cert: '/opt/api7/tls-cert.pem', key: '/opt/api7/tls-key.pem' } as const;

/** Certificates and keys that a service's configuration names. */
export function controlPlaneFiles(
  api7: Pick<Api7Settings, 'database' | 'prometheus' | 'dashboard' | 'dpManager'>,
  service: 'dashboard' | 'dp-manager',
): readonly MountedFile[] {
  const { database, prometheus } = api7;
  const { ca, client } = prometheus?.tls ?? {};
  const { tls } = service === 'dashboard' ? api7.dashboard : api7.dpManager;
  const contents: Readonly<Record<string, Text>> = defined({
    [DATABASE_CA]: database.rootCert,
    [PROMETHEUS_FILES.ca]: ca,
    [PROMETHEUS_FILES.cert]: client?.cert,
    [PROMETHEUS_FILES.key]: client?.key,
    [TLS_FILES.cert]: tls?.cert,
    [TLS_FILES.key]: tls?.key,
  });
  return Object.entries(contents).map(([target, content]) => ({
    source: `${PATHS.home}/${service}-${target.slice(target.lastIndexOf('/') + 1)}`,
    target,
    content,
  }));
}
