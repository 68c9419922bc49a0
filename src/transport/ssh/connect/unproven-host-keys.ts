import type { Client } from 'ssh2';
import { field, isObject } from '../link/ssh2-inside.ts';

/**
 * After the login OpenSSH's sshd sends all its host keys, and ssh2 requests a signature for each before the first
 * channel: one signature each on the host, RSA included, and one check each here. api7-orch does not use those keys, so
 * this skips the request.
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
