import { defined } from '../../core/base/data.ts';
import { Secret } from '../../core/base/secret.ts';
import { DATABASE_CA } from '../database-ca.ts';
import type { Api7Settings, PrometheusSettings } from '../inventory.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import { composeDsn, databaseServer, dsnByHost } from '../schema/dsn.ts';
import type { InventoryFile } from '../schema/schema.ts';
import { resolveContainer } from './container.ts';
import { controlPlanePorts } from './ports.ts';

type Api7File = InventoryFile['api7'];

/** `api7:` with defaults and alternatives resolved. `path` makes a file path absolute. */
export function resolveApi7(api7: Api7File, path: (text: string) => string): Api7Settings {
  const { bind = {}, config = {}, images = {} } = api7;
  return {
    version: api7.version,
    ...(api7.package === undefined ? {} : { package: packagesOf(api7.package, path) }),
    ...defined({ registry: api7.registry, registries: api7.registries && registriesOf(api7.registries) }),
    pulls: api7.pulls ?? DEFAULTS.pulls,
    images: defined({ dashboard: images.dashboard, dpManager: images.dp_manager, gateway: images.gateway }),
    database: { dsn: dsnOf(api7.database), ...defined({ rootCert: api7.database.sslrootcert }) },
    ...defined({ prometheus: prometheusOf(api7.prometheus) }),
    dashboard: {
      ports: controlPlanePorts('dashboard', { ...api7.dashboard?.ports }, bind),
      ...defined({ tls: api7.dashboard?.tls }),
      config: config.dashboard ?? {},
      container: resolveContainer(api7.dashboard),
    },
    dpManager: {
      ports: controlPlanePorts('dp_manager', { ...api7.dp_manager?.ports }, bind),
      ...defined({ tls: api7.dp_manager?.tls }),
      config: config.dp_manager ?? {},
      container: resolveContainer(api7.dp_manager),
    },
    nofile: api7.nofile ?? DEFAULTS.nofile,
  };
}

const registriesOf = (registries: NonNullable<Api7File['registries']>): NonNullable<Api7Settings['registries']> =>
  Object.fromEntries(Object.entries(registries).map(([address, settings]) => [address, defined(settings)]));

function packagesOf(
  { control_plane, data_plane, sha256 = {} }: NonNullable<Api7File['package']>,
  path: (text: string) => string,
): NonNullable<Api7Settings['package']> {
  return {
    controlPlane: path(control_plane),
    dataPlane: path(data_plane),
    sha256: defined({
      controlPlane: sha256.control_plane?.toLowerCase(),
      dataPlane: sha256.data_plane?.toLowerCase(),
    }),
  };
}

function dsnOf({ dsn, host, hosts, ...fields }: Api7File['database']): Secret {
  if (dsn !== undefined) return withKnownPassword(dsn);
  const { port = DEFAULTS.databasePort, name = DEFAULTS.databaseName, user, password } = fields;
  const entries = hosts ?? (host === undefined ? [] : [host]);
  if (entries.length === 0 || user === undefined || password === undefined) throw unchecked('database');
  const { sslrootcert, sslmode = sslrootcert && 'verify-full' } = fields;
  return composeDsn({
    servers: entries.map((entry) => databaseServer(entry, port)),
    name,
    user,
    password,
    sslmode,
    sslrootcert: sslrootcert && DATABASE_CA,
    targetSessionAttrs: fields.target_session_attrs ?? (entries.length > 1 ? DEFAULTS.databaseTarget : undefined),
  });
}

/**
 * A database's message about a login may contain the password alone: the redactor gets it in both forms, encoded and
 * not.
 */
function withKnownPassword(dsn: Secret): Secret {
  const { password } = new URL(dsnByHost(dsn.reveal())[0] ?? '');
  Secret.of(password);
  try {
    Secret.of(decodeURIComponent(password));
  } catch {
    // It is not percent-encoded: the text is the password.
  }
  return dsn;
}

function prometheusOf(given: Api7File['prometheus']): PrometheusSettings | undefined {
  if (given === undefined) return undefined;
  const { addr, basic_auth, tls } = given;
  const { ca, cert, key, server_name } = tls ?? {};
  const client = cert === undefined || key === undefined ? undefined : { cert, key };
  return {
    addr: addr.replace(/\/$/, ''),
    ...defined({ basicAuth: basic_auth, tls: tls && defined({ ca, client, serverName: server_name }) }),
  };
}

/** `checkApi7` refuses such a file earlier. */
const unchecked = (block: string): Error => new Error(`api7.${block} was resolved without having been checked`);
