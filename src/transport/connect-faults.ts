import { formatDuration } from '../core/duration.ts';
import { OrchError } from '../core/errors.ts';
import type { SshTarget } from './ssh-target.ts';

const LOOKUPS: Readonly<Record<string, boolean>> = { ENOTFOUND: false, EAI_AGAIN: true };

/** Why no connection came of it, out of the fields that ssh2 sets on its errors. `tried` says what was offered to log in. */
export function connectFault(error: unknown, target: SshTarget, tried: readonly string[]): OrchError {
  if (error instanceof OrchError) return error;
  const where = `${target.user}@${target.address}:${target.port}`;
  const message = error instanceof Error ? error.message : String(error);
  const code = textField(error, 'code');
  const level = textField(error, 'level');
  const fault = (name: string, says: string, hint: string, retryable = false): OrchError =>
    new OrchError(name, says, { hint, retryable, cause: error });

  if (code === 'ECONNREFUSED')
    return fault(
      'CONNECT_REFUSED',
      `nothing listens at ${target.address}:${target.port}`,
      'check that sshd runs there and the port is right',
      true,
    );
  if (/authentication/i.test(level ?? '') || /too many authentication failures/i.test(message))
    return fault(
      'CONNECT_AUTH_FAILED',
      `${where} accepted none of: ${tried.join('; ')}`,
      `put the public key into ~${target.user}/.ssh/authorized_keys there, or correct ssh.user and ssh.identity_file${/too many/i.test(message) ? '; the server stopped counting: load fewer keys into the agent' : ''}`,
    );
  if (level === 'client-timeout' || code === 'ETIMEDOUT')
    return fault(
      'CONNECT_TIMED_OUT',
      `${where} was not reached within ${formatDuration(target.connectTimeoutMs)}`,
      'check the address, the firewall and that the host is up; ssh.connect_timeout raises the limit',
      true,
    );
  if (/before handshake|kex_exchange|ECONNRESET|Connection lost|No response from server/i.test(`${message} ${code}`))
    return fault(
      'CONNECT_THROTTLED',
      `sshd at ${target.address}:${target.port} dropped the connection before it had begun`,
      'too many connect at once: lower --forks or raise MaxStartups in its sshd_config',
      true,
    );
  if (code !== undefined && code in LOOKUPS)
    return fault(
      'CONNECT_UNREACHABLE',
      `the name ${target.address} cannot be resolved (${code})`,
      'correct the address in the inventory',
      LOOKUPS[code],
    );
  if (/^Handshake failed|no matching/i.test(message))
    return fault(
      'CONNECT_NO_COMMON_ALGORITHM',
      `${where}: ${message}`,
      'allow a current key exchange, cipher and host key in its sshd_config',
    );
  return fault(
    'CONNECT_UNREACHABLE',
    `${where} cannot be reached: ${message}`,
    'check the address, the route and that the host is up',
    true,
  );
}

function textField(error: unknown, name: string): string | undefined {
  const fields: Readonly<Record<string, unknown>> = typeof error === 'object' && error !== null ? { ...error } : {};
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}
