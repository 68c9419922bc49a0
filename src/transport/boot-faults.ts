import { OrchError } from '../core/errors.ts';
import type { Become, Exit } from './shell-process.ts';

/** sudo asked once more. */
export const wrongPassword = (details: string): OrchError =>
  new OrchError('CONNECT_SUDO_PASSWORD_WRONG', 'sudo did not take the password it was given', {
    ...(details === '' ? {} : { details }),
    hint: 'correct ssh.become_password in the inventory, or give it by -K (--ask-become-pass)',
  });

/** Why the shell ended before it answered: sudo said no, or the login shell is none. */
export function bootFault(become: Become, exit: Exit, output: string): OrchError {
  const details = output.trim().slice(-2000);
  const told = { ...(details === '' ? {} : { details }) };
  if (become === 'sudo' && /sudo: (command )?not found|not found.*sudo|unknown command.*sudo/i.test(details))
    return new OrchError('CONNECT_SUDO_MISSING', 'sudo is not installed on the host', {
      ...told,
      hint: 'install sudo there, or log in as root, or set become: none',
    });
  if (become === 'sudo' && /incorrect password/i.test(details)) return wrongPassword(details);
  if (become === 'sudo' && /^sudo: |sudoers/m.test(details))
    return new OrchError('CONNECT_SUDO_PASSWORD', 'sudo does not let this user act as root without a password', {
      ...told,
      hint: 'give it by -K (--ask-become-pass) or ssh.become_password, or allow it by a line such as "ops ALL=(ALL) NOPASSWD: ALL" in /etc/sudoers.d/',
    });
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  return new OrchError('CONNECT_SHELL_REFUSED', `the login shell ended before it ran anything (${how})`, {
    ...told,
    hint: 'the user needs a login shell that runs commands, such as /bin/sh, and no ForceCommand',
  });
}
