import type { Client } from 'ssh2';
import { field, isObject } from '../link/ssh2-inside.ts';

/**
 * After the login OpenSSH's sshd tells all its host keys, and ssh2 has it prove each: a signature for each there, RSA's
 * among them, before it opens the first channel, and a check for each here. Nobody here wants to know those keys, so it
 * is not asked.
 *
 * @example leaveHostKeysUnproven(client) // right after its connect()
 */
export function leaveHostKeysUnproven(client: Client): void {
  const handlers = field(field(client, '_protocol'), '_handlers');
  const answer = field(handlers, 'GLOBAL_REQUEST');
  if (!isObject(handlers) || typeof answer !== 'function') return;
  Reflect.set(handlers, 'GLOBAL_REQUEST', (by: unknown, name: unknown, wantsReply: unknown, data: unknown) => {
    if (name !== 'hostkeys-00@openssh.com' || wantsReply === true) answer(by, name, wantsReply, data);
  });
}
