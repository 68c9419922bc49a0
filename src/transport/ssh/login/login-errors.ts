import { OrchError } from '../../../core/base/errors.ts';
import type { SshTarget } from '../target.ts';

/** How far a login came. */
export interface LoginCourse {
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
  /** Credentials that the server did not try. */
  readonly unused: readonly string[];
  /** Methods that the server still accepts. `undefined`: it has not listed any. */
  readonly left: readonly string[] | undefined;
  readonly passwordGiven: boolean;
  readonly passwordRefused: boolean;
  /** A prompt without an answer, other than for the password. */
  readonly unanswered: string | undefined;
  readonly notes: readonly string[];
}

export const isRefusedLogin = (error: unknown): boolean =>
  error instanceof Error && (isTooMany(error) || ('level' in error && error.level === 'client-authentication'));

const isTooMany = (error: unknown): boolean =>
  error instanceof Error && /too many authentication failures/i.test(error.message);

/** @example throw loginRefused(error, target, { accepted: [], refused: ['key ~/.ssh/id_rsa (SHA256:…)'], left: ['publickey'], …, notes: [] }) */
export function loginRefused(cause: unknown, target: SshTarget, course: LoginCourse): OrchError {
  const { accepted, refused, unused, left = [], notes } = course;
  const where = `${target.user}@${target.address}:${target.port}`;
  const said = [
    refused.length > 0
      ? `${where} accepted none of: ${refused.join('; ')}`
      : accepted.length > 0
        ? `${where} wants more than it was given`
        : unused.length > 0
          ? `${where} wants none of: ${unused.join('; ')}`
          : `there is nothing to offer to ${where}`,
    ...(accepted.length > 0 ? [`it took ${accepted.join(', ')}`] : []),
    ...(isTooMany(cause)
      ? ['it then stopped the login: too many failures']
      : left.length > 0
        ? [`it would still take: ${left.join(', ')}`]
        : []),
    ...notes,
  ];
  return new OrchError('CONNECT_AUTH_FAILED', said.join('; '), { hint: remedy(cause, target, course), cause });
}

function remedy(cause: unknown, target: SshTarget, course: LoginCourse): string {
  const { left, passwordGiven, passwordRefused } = course;
  if (isTooMany(cause))
    return 'name the right key by ssh.identity_file, or set "IdentitiesOnly yes" for the host in ~/.ssh/config: each key counts as a failure (MaxAuthTries in its sshd_config)';
  const takes = (method: string): boolean => left === undefined || left.includes(method);
  const unanswered = takes('keyboard-interactive') ? course.unanswered : undefined;
  const prompts = takes('keyboard-interactive') && unanswered === undefined;
  const byPassword = left !== undefined && !passwordGiven && (takes('password') || prompts);
  const ways = [
    ...(takes('publickey')
      ? [`put the public key into ~${target.user}/.ssh/authorized_keys there`, 'correct ssh.user and ssh.identity_file']
      : []),
    ...(unanswered === undefined ? [] : [`run on a terminal to answer ${JSON.stringify(unanswered)}`]),
    ...(passwordRefused ? ['correct the password'] : byPassword ? ['pass --ask-pass or set ssh.password'] : []),
  ];
  if (ways.length > 0) return ways.join(', or ');
  if (takes('password') || takes('keyboard-interactive')) return 'read the log of its sshd';
  const unusable = left === undefined || left.length === 0 ? '' : `: ${left.join(', ')} cannot be used here`;
  return `allow a key or a password in its sshd_config (PubkeyAuthentication, PasswordAuthentication, AuthenticationMethods)${unusable}`;
}

export const noKey = (notes: readonly string[]): OrchError =>
  new OrchError('CONNECT_NO_KEY', `there is no key to log in with: ${notes.join('; ')}`, {
    hint: 'set ssh.identity_file in the inventory, load a key into an ssh-agent, or pass --ask-pass',
  });
