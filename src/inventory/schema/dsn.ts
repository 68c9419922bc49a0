import { isIPv6 } from 'node:net';
import { addressWithPort } from '../../core/base/address-text.ts';
import { defined } from '../../core/base/data.ts';
import { Secret } from '../../core/base/secret.ts';
import { placeholderWithin } from '../placeholder.ts';
import { DEFAULTS } from './defaults.ts';
import type { Check } from './fields.ts';
import { addressCheck } from './formats.ts';
import { longEnough } from './secret-value.ts';

/** Address and port of a database server. */
export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
}

export interface DatabaseFields {
  /** Several: a client uses the first one that responds and matches `targetSessionAttrs`. */
  readonly servers: readonly DatabaseServer[];
  readonly name: string;
  readonly user: string;
  readonly password: Secret;
  readonly sslmode?: string | undefined;
  /** Path of a file, as the client sees it. */
  readonly sslrootcert?: string | undefined;
  readonly targetSessionAttrs?: string | undefined;
}

/**
 * A PostgreSQL connection URI (libpq, "Connection URIs"): user, password and database are percent-encoded, so any text
 * is safe. Without `sslmode` the client's own default applies. Each host has its port, because clients match ports to
 * hosts by position.
 *
 * @example composeDsn({ servers: [{ host: 'db', port: 5432 }], name: 'api7ee', user: 'api7ee', password:
 *   Secret.of('p@ss'), sslmode: 'require' })
 * // postgres://api7ee:p%40ss@db:5432/api7ee?sslmode=require
 */
export function composeDsn(fields: DatabaseFields): Secret {
  const hosts = fields.servers.map(({ host, port }) => addressWithPort(host, port)).join(',');
  const user = `${encodeURIComponent(fields.user)}:${encodeURIComponent(fields.password.reveal())}`;
  const { sslmode, sslrootcert, targetSessionAttrs: target_session_attrs } = fields;
  const query = new URLSearchParams(defined({ sslmode, sslrootcert, target_session_attrs })).toString();
  const name = encodeURIComponent(fields.name);
  return Secret.of(`postgres://${user}@${hosts}/${name}${query === '' ? '' : `?${query}`}`);
}

/** The same URI once for each of its hosts, with that host alone: URL parsers accept only one host. */
export function dsnByHost(dsn: string): readonly string[] {
  const [, head = '', hosts = '', rest = ''] = /^(\w+:\/\/(?:[^/?#@]*@)?)([^/?#]*)([\s\S]*)$/.exec(dsn) ?? [];
  return hosts.split(',').map((host) => `${head}${host}${rest}`);
}

/** Parses an entry of `database.hosts`: `host`, `host:port`, `[address]:port` or an IPv6 address. */
export function databaseServer(entry: string, port: number): DatabaseServer {
  const [, host, own] = isIPv6(entry) ? [] : (/^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry) ?? []);
  return { host: host ?? entry, port: own === undefined ? port : Number(own) };
}

/** An entry of `database.hosts`. */
export const databaseServerCheck: Check = (value) => {
  const { host, port } = databaseServer(value, DEFAULTS.databasePort);
  if (addressCheck(host) === undefined && port > 0 && port < 65_536) return undefined;
  return 'a host of the database is written host or host:port, an IPv6 address with a port as [address]:port';
};

const MYSQL = /^(?:mysql|mariadb)\b[^:]*:\/\/|@(?:tcp|unix)\(/i;

/** Refuses texts that no PostgreSQL URI can carry: a NUL byte, half a surrogate pair. */
export const encodable: Check = (value) =>
  value.isWellFormed() && !value.includes('\0') ? undefined : 'holds characters that a connection URI cannot carry';

/** A user's DSN: refuses what a URI parser would misread, before the database does. */
export const dsnCheck: Check = (value) => {
  const unfilled = placeholderWithin(value);
  if (unfilled !== undefined) return unfilled;
  if (MYSQL.test(value)) return 'MySQL is not supported; give PostgreSQL: postgres://user:password@host:5432/NAME';
  if (!/^postgres(ql)?:\/\//.test(value)) return 'a DSN begins with postgres://';
  const byHost = dsnByHost(value);
  const ports = byHost.map((uri) => URL.parse(uri)?.port !== '');
  if (ports.includes(true) && ports.includes(false)) return 'of several hosts, write the port of each, or of none';
  return byHost.map(oneHostCheck).find((problem) => problem !== undefined);
};

const encode = 'percent-encode user and password, or give host, user and password as fields';

const oneHostCheck: Check = (value) => {
  const url = URL.parse(value);
  // An unencoded "/", "?" or "#" in the password ends the URI's host part early; an "@" makes two parts.
  if (url === null || url.hash !== '' || value.split('@').length > 2 || /\s/.test(value))
    return `not a connection URI; ${encode}`;
  if (url.hostname === '' || url.username === '') return `user or host is missing; ${encode}`;
  if (url.pathname.length < 2) return 'the database name is missing: postgres://user:password@host:5432/NAME';
  try {
    const password = decodeURIComponent(url.password);
    decodeURIComponent(url.username + url.pathname);
    return password === '' ? undefined : longEnough(password);
  } catch {
    return `"%" is not followed by two hexadecimal digits; ${encode}`;
  }
};
