import { Secret } from '../../core/base/secret.ts';
import type { PostgresLogin, SslMode } from '../../core/host/postgres.ts';

/** The content of a DSN: the login, once for each of its servers. */
export interface DatabaseLogins {
  readonly logins: readonly PostgresLogin[];
  /** Path of the certificate authority, as the containers see it. */
  readonly rootCertificate?: string;
}

const URI = /^postgres(?:ql)?:\/\/([^:@/]*):([^@/]*)@([^/?]*)\/([^?]*)(?:\?(.*))?$/;
const MODES: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * Parses a connection URI, which may name several servers ("Connection URIs" of libpq). Undefined: it is none.
 *
 * @example loginsOf(Secret.of('postgres://api7ee:p%40ss@db-1,db-2:5433/api7ee?sslmode=require'))
 */
export function loginsOf(dsn: Secret): DatabaseLogins | undefined {
  const [, user, password, servers, database, query] = URI.exec(dsn.reveal()) ?? [];
  if (user === undefined || password === undefined || servers === undefined || database === undefined) return undefined;
  const settings = new URLSearchParams(query);
  const sslmode = settings.get('sslmode') ?? 'prefer';
  const rootCertificate = settings.get('sslrootcert');
  const login = {
    user: decodeURIComponent(user),
    password: Secret.containing(decodeURIComponent(password)),
    database: decodeURIComponent(database),
    sslmode: MODES.includes(sslmode) ? (sslmode as SslMode) : 'prefer',
  };
  return {
    logins: servers.split(',').map((server) => ({ ...login, ...serverOf(server) })),
    ...(rootCertificate === null ? {} : { rootCertificate }),
  };
}

function serverOf(text: string): Pick<PostgresLogin, 'address' | 'port'> {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  return { address: bracketed ?? decodeURIComponent(plain ?? text), port: port === undefined ? 5432 : Number(port) };
}
