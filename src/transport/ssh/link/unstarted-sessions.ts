import type { Client } from 'ssh2';
import { field, isObject } from './ssh2-inside.ts';

/**
 * Closes sessions in which sshd could start nothing, for example because its user may have no more processes. ssh2 only
 * reports the failure: it returns no channel to close, and leaves the session open. After ten of those sshd opens no
 * other.
 *
 * @example client.exec(line, (error) => { if (error) closeUnstarted(client) })
 */
export function closeUnstarted(client: Client): void {
  const channels = field(field(client, '_chanMgr'), '_channels');
  for (const channel of isObject(channels) ? Object.values(channels) : []) {
    const awaited = field(channel, '_callbacks');
    const close = field(channel, 'close');
    // A started channel has a subtype, and a channel without an answer from sshd still waits for it.
    const isFree = field(channel, 'subtype') === undefined && Array.isArray(awaited) && awaited.length === 0;
    if (field(channel, 'type') === 'session' && isFree && typeof close === 'function') close.call(channel);
  }
}
