import { isIPv6 } from 'node:net';
import { Secret } from '../../core/base/secret.ts';
import { placeholderWithin } from '../placeholder.ts';
import type { Check } from './fields.ts';
import { longEnough } from './secret-value.ts';

export interface DatabaseFields {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly password: Secret;
  readonly sslmode?: string | undefined;
}

/**
 * A PostgreSQL connection URI (libpq, "Connection URIs"): user, password and database percent-encoded, so that any
 * text survives. Without `sslmode` the client's own default holds.
 *
 * @example composeDsn({ host: 'db', port: 5432, name: 'api7ee', user: 'api7ee', password: Secret.of('p@ss'), sslmode: 'require' })
 * // postgres://api7ee:p%40ss@db:5432/api7ee?sslmode=require
 */
export function composeDsn(fields: DatabaseFields): Secret {
  const host = isIPv6(fields.host) ? `[${fields.host}]` : fields.host;
  const user = `${encodeURIComponent(fields.user)}:${encodeURIComponent(fields.password.reveal())}`;
  const query = fields.sslmode === undefined ? '' : `?sslmode=${fields.sslmode}`;
  return Secret.of(`postgres://${user}@${host}:${fields.port}/${encodeURIComponent(fields.name)}${query}`);
}

/** Texts that no PostgreSQL URI can carry: a NUL byte, half of a surrogate pair. */
export const encodable: Check = (value) =>
  value.isWellFormed() && !value.includes('\0') ? undefined : 'holds characters that a connection URI cannot carry';

/** A DSN written by hand: what a URI parser would misread is refused here, not at the database's first refusal. */
export const dsnCheck: Check = (value) => {
  const unfilled = placeholderWithin(value);
  if (unfilled !== undefined) return unfilled;
  const url = URL.parse(value);
  if (!/^postgres(ql)?:\/\//.test(value)) return 'a DSN begins with postgres://';
  const encode = 'percent-encode user and password, or give host, user and password as fields';
  // An unencoded "/", "?" or "#" in the password ends the URI's host part early; an "@" makes two of them.
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
