import { OrchError } from '../../core/base/errors.ts';
import { lastChars } from '../../core/base/excerpt.ts';
import { formatSize, LIMITS } from '../../core/bounds/limits.ts';
import { INCOMPLETE, withoutBootLine } from './bootstrap.ts';
import type { Become, Exit } from './shell-process.ts';

/**
 * sudo's English messages for refusals that no password can change: the user is not allowed, or sudo does not work.
 * sudo-rs (Ubuntu since 25.10) has its own texts, and so has doas, which some hosts provide under the name sudo.
 */
const DENIALS: readonly { readonly sign: RegExp; readonly says: string; readonly hint: string }[] = [
  {
    sign: /^sudo: (?:The "no new privileges" flag is set|effective uid is not 0|\S+ must be owned by uid 0|no valid sudoers sources|invalid configuration)|^doas: not installed setuid/m,
    says: 'sudo cannot act as root on this host',
    hint: 'run sudo -n true on the host and repair it, or log in as root',
  },
  {
    sign: /^(?:sudo|doas): '?(?:\S*\/)?sh'?: (?:command not found|invalid command)/m,
    says: 'sudo finds no sh on the host',
    hint: 'let secure_path in /etc/sudoers name the directories of the programs, /usr/bin and /bin among them',
  },
  {
    sign: /must have a tty|^doas: a tty is required/m,
    says: 'sudo requires a terminal (requiretty)',
    hint: 'let this user do without by a line such as "Defaults:ops !requiretty" in /etc/sudoers.d/',
  },
  {
    sign: /account validation failure|PAM account management error|Account expired|password (is )?expired/i,
    says: "sudo does not accept this user's account",
    hint: 'see whether it is locked, has expired (chage -l) or is barred by PAM there; it also needs a line such as "ops ALL=(ALL) ALL" in /etc/sudoers.d/',
  },
  {
    sign: /is not allowed to (execute|run)\b|may not run \S|is not in the sudoers|I'm sorry .*\. I'm afraid I can't do that|is not allowed to authenticate as|^doas: Operation not permitted/m,
    says: 'sudo does not let this user run sh as root',
    hint: 'allow it by a line such as "ops ALL=(ALL) ALL" in /etc/sudoers.d/ (everything is run by sh: a list of other commands is not enough), or log in as root',
  },
];

/** sudo asked a second time. */
export const wrongPassword = (details: string): OrchError =>
  new OrchError('CONNECT_SUDO_PASSWORD_WRONG', 'sudo did not take the password it was given', {
    details,
    hint: 'correct ssh.become_password in the inventory, or pass -K (--ask-become-pass)',
  });

/** The login shell printed too much, so that no command would ever begin. */
export const tooNoisy = (cause: unknown): OrchError =>
  new OrchError(
    'CONNECT_SHELL_REFUSED',
    `the login shell printed more than ${formatSize(LIMITS.loginOutput.bytes)} before the command began`,
    {
      hint: 'find what prints in its startup files (~/.profile, /etc/profile, /etc/bash.bashrc), and remove the output',
      cause,
    },
  );

/** Why the shell ended before its answer: sudo refused, or the login shell is not usable. */
export function bootFault(become: Become, exit: Exit, output: string): OrchError {
  const details = lastChars(withoutBootLine(output));
  if (become === 'sudo' && /sudo: (command )?not found|not found.*sudo|unknown command.*sudo/i.test(details))
    return new OrchError('CONNECT_SUDO_MISSING', 'sudo is not installed on the host', {
      details,
      hint: 'install sudo there, or log in as root, or set become: none',
    });
  const denial = become === 'sudo' ? DENIALS.find(({ sign }) => sign.test(details)) : undefined;
  if (denial !== undefined) return new OrchError('CONNECT_SUDO_DENIED', denial.says, { details, hint: denial.hint });
  if (become === 'sudo' && /incorrect (?:password|authentication)|^doas: Authentication failed/im.test(details))
    return wrongPassword(details);
  if (become === 'sudo' && /^(?:sudo|doas): |sudoers/m.test(details))
    return new OrchError('CONNECT_SUDO_PASSWORD', 'sudo does not let this user act as root without a password', {
      details,
      hint: 'pass -K (--ask-become-pass), set ssh.become_password, or add a line such as "ops ALL=(ALL) NOPASSWD: ALL" in /etc/sudoers.d/',
    });
  if (exit.code === INCOMPLETE)
    return new OrchError('CONNECT_SHELL_REFUSED', 'the shell did not get the script that it was sent', {
      details,
      hint: 'see that sh may start programs there (Defaults noexec in sudoers forbids it), and that dd is installed',
    });
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  return new OrchError('CONNECT_SHELL_REFUSED', `the login shell ended before it ran anything (${how})`, {
    details,
    hint: 'the user needs a login shell that runs commands, such as /bin/sh, and no ForceCommand',
  });
}
