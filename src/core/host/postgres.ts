import type { Secret } from '../base/secret.ts';

/** TLS mode towards PostgreSQL, as libpq names it. */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A login to one PostgreSQL server. The asking host resolves its address. */
export interface PostgresLogin {
  readonly address: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret;
  readonly sslmode: SslMode;
  /** Certificate authority, PEM, for the verifying modes; default: the ones that Node knows. */
  readonly ca?: string;
}

/** What a PostgreSQL server reports about itself. */
export interface PostgresView {
  /** PostgreSQL's version number: 150004 is 15.4. */
  readonly version: number;
  readonly maxConnections: number;
  /** Connections reserved for superusers and for roles with that right. */
  readonly reserved: number;
  /** Connections in use, without those of this user to this database. */
  readonly usedByOthers: number;
  /** The server is a replica and takes no writes. */
  readonly standby: boolean;
}
