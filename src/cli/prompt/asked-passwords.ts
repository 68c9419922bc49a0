import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Secret } from '../../core/base/secret.ts';
import type { Ask } from '../../transport/ssh/ask.ts';

/** `-k` and `-K`. */
export interface PasswordFlags {
  readonly askPass?: boolean;
  readonly askBecomePass?: boolean;
}

/** For hosts without a password in the inventory. */
export interface AskedPasswords {
  readonly password?: Secret;
  readonly becomePassword?: Secret;
}

/**
 * Asks for the passwords of all hosts before the first connection.
 *
 * @throws OrchError NO_TERMINAL
 */
export async function askedPasswords(flags: PasswordFlags, ask: Ask): Promise<AskedPasswords> {
  const wanted = async (kind: 'password' | 'become-password', what: string): Promise<Secret> => {
    const answer = await ask({ kind, what, echo: false });
    if (answer !== undefined) return answer;
    throw new OrchError('NO_TERMINAL', `no ${what} was entered`, {
      hint: 'run it on a terminal, or put the password into the inventory by !env or !file',
    });
  };
  const password = flags.askPass === true ? await wanted('password', 'SSH password') : undefined;
  const typed =
    flags.askBecomePass === true
      ? await wanted('become-password', `sudo password${password === undefined ? '' : ' (empty: the same)'}`)
      : undefined;
  const become = typed?.reveal() === '' && password !== undefined ? password : typed;
  return defined({ password, becomePassword: become });
}
