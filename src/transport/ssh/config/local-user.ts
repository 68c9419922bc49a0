import { userInfo } from 'node:os';
import { OrchError } from '../../../core/base/errors.ts';

/** The name of the user who runs this; a container may run it under a uid that has none. @throws OrchError CONNECT_USER_UNKNOWN */
export function localUser(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new OrchError(
      'CONNECT_USER_UNKNOWN',
      'no user to log in as is given, and the user who runs this has no name',
      {
        hint: 'set ssh.user in the inventory',
        cause,
      },
    );
  }
}
