import { OrchError } from '../../../core/base/errors.ts';
import { userName } from '../../../local/user-name.ts';

/** The name of the user who runs api7-orch, if needed. @throws OrchError CONNECT_USER_UNKNOWN */
export function localUser(): string {
  const name = userName();
  if (name !== undefined) return name;
  throw new OrchError('CONNECT_USER_UNKNOWN', 'no user to log in as is given, and the user who runs this has no name', {
    hint: 'set ssh.user in the inventory',
  });
}
