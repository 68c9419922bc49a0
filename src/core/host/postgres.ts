import type { Secret } from '../base/secret.ts';

/** How TLS is used towards PostgreSQL, as libpq names it. */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A login to one PostgreSQL server, whose address is resolved on the host that asks. */
export interface PostgresLogin {
  readonly address: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret;
  readonly sslmode: SslMode;
  /** Certificate authority, PEM, for the modes that verify; default: those that Node knows. */
  readonly ca?: string;
}

/** What a PostgreSQL server says of itself. */
export interface PostgresView {
  /** As PostgreSQL counts: 150004 is 15.4. */
  readonly version: number;
  readonly maxConnections: number;
  /** Connections among them that are kept for superusers and for roles that have the right to them. */
  readonly reserved: number;
  /** Connections in use, without those of this user to this database. */
  readonly usedByOthers: number;
  /** It follows another server and takes no writes. */
  readonly standby: boolean;
}
