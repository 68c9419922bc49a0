import { formatDuration } from '../../../core/base/duration.ts';
import { type AnyErrorCode, OrchError } from '../../../core/base/errors.ts';
import type { SshTarget } from '../target.ts';

/** The stage of a connection: connecting, waiting for the SSH banner, key exchange, login. */
export type ConnectStage = 'reach' | 'banner' | 'keys' | 'login';

/** The facts of an attempt when it fails. */
export interface ConnectSeen {
  readonly stage: ConnectStage;
  /** The server's output before its SSH banner. */
  readonly early: string;
}

/** Failed name lookups; true if a retry may succeed. */
const LOOKUPS: Readonly<Record<string, boolean>> = { ENOTFOUND: false, EAI_AGAIN: true, EAI_FAIL: true };
/** An overloaded sshd reports that in plain text, for MaxStartups and for PerSourcePenalties. */
const BUSY_WORDS = /^(Exceeded MaxStartups|Not allowed at this time)/m;
const FAILED_WHILE: Readonly<Record<ConnectStage, string>> = {
  reach: 'the connection was made',
  banner: 'the SSH server sent its banner',
  keys: 'the keys were agreed upon',
  login: 'the login was complete',
};

/** Why the connection failed, from the fields of ssh2's errors; a refused login has its own error. */
export function connectFault(
  error: unknown,
  target: SshTarget,
  seen: ConnectSeen = { stage: 'reach', early: '' },
): OrchError {
  if (error instanceof OrchError) return error;
  const where = `${target.user}@${target.address}:${target.port}`;
  const message = textOf(error);
  const code = textField(error, 'code');
  const fault = (name: AnyErrorCode, says: string, hint: string, retryable = false): OrchError =>
    new OrchError(name, says, { hint, retryable, cause: error });

  if (code === 'ECONNREFUSED')
    return fault(
      'CONNECT_REFUSED',
      `nothing listens at ${target.address}:${target.port}`,
      'check that sshd runs there and the port is right',
      true,
    );
  // A server that resets an accepted connection may look like one that never accepted it.
  const wasTaken = seen.stage !== 'reach' || code === 'ECONNRESET';
  if (!wasTaken) return unreachable(error, target, message, code);
  if (seen.stage === 'banner' || seen.stage === 'reach') return beforeBanner(error, target, seen.early, message);
  if (/^Handshake failed|no matching|Unsupported algorithm/i.test(message))
    return fault(
      'CONNECT_NO_COMMON_ALGORITHM',
      `${where}: ${message}`,
      'allow a current key exchange, cipher, MAC and host key, and no compression, in its sshd_config; docs/security.md lists those that are accepted',
    );
  return fault(
    'CONNECT_DROPPED',
    `${where} closed the connection before ${FAILED_WHILE[seen.stage]}: ${message}`,
    'read the log of its sshd; a firewall in between may cut connections too',
    true,
  );
}

/** The error after the operator's interrupt. */
export const connectInterrupted = (): OrchError =>
  new OrchError('INTERRUPTED', 'connecting was interrupted', { hint: 'run the same command to resume' });

/** The error after the time limit. */
export function connectTimedOut(target: SshTarget, { stage, early }: ConnectSeen): OrchError {
  const where = `${target.address}:${target.port}`;
  const within = formatDuration(target.connectTimeoutMs);
  if (stage === 'banner' && early !== '') return notSsh(target, early);
  const says = {
    reach: `${where} was not reached within ${within}`,
    banner: `${where} accepted the connection, but sent nothing within ${within}`,
    keys: `sshd at ${where} did not finish the key exchange within ${within}`,
    login: `sshd at ${where} did not finish the login of ${target.user} within ${within}`,
  };
  const hints = {
    reach: 'check the address, the firewall and that the host is up; ssh.connect_timeout raises the limit',
    banner: 'check that the port is that of sshd and the host is not overloaded; ssh.connect_timeout raises the limit',
    keys: 'check the load of the host and the MTU of the way; ssh.connect_timeout raises the limit',
    login: 'check name lookups of its sshd (UseDNS), PAM and the load there; ssh.connect_timeout raises the limit',
  };
  return new OrchError('CONNECT_TIMED_OUT', says[stage], { hint: hints[stage], retryable: true });
}

function unreachable(cause: unknown, target: SshTarget, message: string, code: string | undefined): OrchError {
  const where = `${target.address}:${target.port}`;
  if (code === 'ETIMEDOUT')
    return new OrchError('CONNECT_TIMED_OUT', `${where} does not respond`, {
      hint: 'check the address, the firewall and that the host is up',
      retryable: true,
      cause,
    });
  if (code !== undefined && code in LOOKUPS)
    return new OrchError('CONNECT_UNREACHABLE', `the name ${target.address} cannot be resolved (${code})`, {
      hint: 'correct the address in the inventory',
      retryable: LOOKUPS[code] ?? false,
      cause,
    });
  if (code === 'EMFILE' || code === 'ENFILE')
    return new OrchError('CONNECT_UNREACHABLE', `no file descriptor is left here for a connection to ${where}`, {
      hint: 'raise the limit of open files (ulimit -n), or lower --forks',
      retryable: true,
      cause,
    });
  if (code === 'EACCES' || code === 'EPERM')
    return new OrchError('CONNECT_UNREACHABLE', `connecting to ${where} is forbidden here (${code})`, {
      hint: 'check the firewall and the routes of the controller',
      cause,
    });
  return new OrchError('CONNECT_UNREACHABLE', `${where} cannot be reached: ${message}`, {
    hint: 'check the address, the route and that the host is up',
    retryable: true,
    cause,
  });
}

/** The error of a server that closed, or spoke another protocol, before its SSH banner. */
function beforeBanner(cause: unknown, target: SshTarget, early: string, message: string): OrchError {
  if (early !== '' && !BUSY_WORDS.test(early)) return notSsh(target, early, cause);
  if (/identification string|header|greeting/i.test(message)) return notSsh(target, early || message, cause);
  const where = `${target.address}:${target.port}`;
  const tooMany =
    'too many connect at once: lower --forks or raise MaxStartups in its sshd_config (a firewall or hosts.deny may do the same)';
  if (early !== '')
    return new OrchError('CONNECT_THROTTLED', `sshd at ${where} refused the connection: it is too busy`, {
      hint: tooMany,
      retryable: true,
      details: early.trim(),
      cause,
    });
  return new OrchError(
    'CONNECT_THROTTLED',
    `${where} accepted the connection and closed it before sshd sent its banner`,
    {
      hint: `${tooMany}; if it repeats, sshd has ended while its socket still listens: check it on the host`,
      retryable: true,
      cause,
    },
  );
}

const notSsh = (target: SshTarget, early: string, cause?: unknown): OrchError =>
  new OrchError(
    'CONNECT_NOT_SSH',
    `the service at ${target.address}:${target.port} is not an SSH server; it sent ${JSON.stringify(early.split('\n', 1)[0]?.trim().slice(0, 80))}`,
    { hint: 'correct the port in the inventory (ssh.port)', cause },
  );

/** If all addresses of a name failed, Node's error has no text of its own. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(textOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function textField(error: unknown, name: string): string | undefined {
  const fields: Readonly<Record<string, unknown>> = typeof error === 'object' && error !== null ? { ...error } : {};
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}
