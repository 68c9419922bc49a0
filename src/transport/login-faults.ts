import { OrchError } from '../core/errors.ts';
import type { SshTarget } from './ssh-target.ts';

/** How far a login came. */
export interface LoginCourse {
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
  /** Methods that the server would still take. `undefined`: it has not said. */
  readonly left: readonly string[] | undefined;
  readonly passwordRefused: boolean;
  readonly notes: readonly string[];
}

export const isRefusedLogin = (error: unknown): boolean =>
  error instanceof Error && (isTooMany(error) || ('level' in error && error.level === 'client-authentication'));

const isTooMany = (error: unknown): boolean =>
  error instanceof Error && /too many authentication failures/i.test(error.message);

/** @example throw loginRefused(error, target, { accepted: [], refused: ['key ~/.ssh/id_rsa (SHA256:…)'], left: ['publickey'], passwordRefused: false, notes: [] }) */
export function loginRefused(cause: unknown, target: SshTarget, course: LoginCourse): OrchError {
  const { accepted, refused, left = [], notes } = course;
  const where = `${target.user}@${target.address}:${target.port}`;
  const said = [
    refused.length > 0
      ? `${where} accepted none of: ${refused.join('; ')}`
      : accepted.length > 0
        ? `${where} wants more than it was given`
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

function remedy(cause: unknown, target: SshTarget, { left, passwordRefused }: LoginCourse): string {
  if (isTooMany(cause))
    return 'name the right key by ssh.identity_file, or set "IdentitiesOnly yes" for the host in ~/.ssh/config: each key counts as a failure (MaxAuthTries in its sshd_config)';
  const takes = (method: string): boolean => left === undefined || left.includes(method);
  const byPassword = left !== undefined && (takes('password') || takes('keyboard-interactive'));
  return [
    ...(takes('publickey')
      ? [`put the public key into ~${target.user}/.ssh/authorized_keys there`, 'correct ssh.user and ssh.identity_file']
      : []),
    ...(passwordRefused
      ? ['correct the password']
      : byPassword
        ? ['give the password by --ask-pass or ssh.password']
        : []),
  ].join(', or ');
}

export const noKey = (notes: readonly string[]): OrchError =>
  new OrchError('CONNECT_NO_KEY', `there is no key to log in with: ${notes.join('; ')}`, {
    hint: 'name one by ssh.identity_file in the inventory, load one into an ssh-agent, or give a password by --ask-pass',
  });
