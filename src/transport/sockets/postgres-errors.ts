import { addressWithPort } from '../../core/base/address-text.ts';
import { codeOf, OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';
import type { PostgresLogin } from '../../core/host/postgres.ts';

/** SQLSTATE, "PostgreSQL Error Codes" (Appendix A of its manual). */
const STATE = { password: '28P01', authorization: '28000', noDatabase: '3D000', tooMany: '53300', starting: '57P03' };

/** The server has no TLS: recognized by the client's message, because there is no code. */
export const isWithoutTls = (error: unknown): boolean =>
  error instanceof Error && error.message === 'The server does not support SSL connections';

/** The server requires TLS, or refuses this host. */
export const notEncrypted = (error: unknown): boolean => codeOf(error) === STATE.authorization;

/** The error of a PostgreSQL server that did not answer, with a hint. */
export function explainRefusal(login: PostgresLogin, error: unknown): OrchError {
  const { address, port, user, database, sslmode } = login;
  const server = `PostgreSQL at ${addressWithPort(address, port)}`;
  const code = codeOf(error);
  const words = firstChars(error instanceof Error ? error.message : String(error), 300);
  const said = (as: 'DATABASE_REFUSED' | 'DATABASE_CONNECTIONS' | 'DATABASE_MISSING', hint: string): OrchError =>
    new OrchError(as, `${server}: ${words}`, { hint });
  switch (code) {
    case STATE.password:
      return said('DATABASE_REFUSED', 'correct user and password under api7.database of the inventory');
    case STATE.authorization:
      return said('DATABASE_REFUSED', `add a line for this host, ${user} and ${database} to pg_hba.conf, and reload`);
    case STATE.noDatabase:
      return said('DATABASE_MISSING', `create it: CREATE DATABASE "${database}" OWNER "${user}"`);
    case STATE.tooMany:
      return said('DATABASE_CONNECTIONS', 'raise max_connections in postgresql.conf, or end idle connections');
    case STATE.starting:
      return new OrchError('DATABASE_UNREACHABLE', `${server}: ${words}`, { hint: 'wait until it has started' });
  }
  if (isWithoutTls(error))
    return new OrchError('DATABASE_REFUSED', `${server} offers no TLS, and sslmode is ${sslmode}`, {
      hint: 'set ssl = on in postgresql.conf, or another sslmode under api7.database',
    });
  if (/^[0-9A-Z]{5}$/.test(code)) return said('DATABASE_REFUSED', 'read the log of PostgreSQL');
  if (CERTIFICATE.test(code))
    return new OrchError('DATABASE_CERTIFICATE', `${server}: certificate not accepted: ${words}`, {
      hint: 'renew it, or name its authority by sslrootcert in the DSN',
    });
  return new OrchError('DATABASE_UNREACHABLE', `${server} does not respond: ${words}`, {
    hint: 'check address and port under api7.database, listen_addresses of PostgreSQL, and the firewall',
    retryable: true,
  });
}

/** Codes of a rejected certificate, from OpenSSL and Node. */
const CERTIFICATE =
  /^(CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY)|ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH|INVALID_CA)/;
