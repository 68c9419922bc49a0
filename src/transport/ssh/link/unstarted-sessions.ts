import type { Client } from 'ssh2';
import { field, isObject } from './ssh2-inside.ts';

/**
 * Closes the sessions in which sshd could start nothing, as where its user may have no more processes. ssh2 only tells of
 * the failure: it gives no channel that could be closed, and leaves it open. Ten of those, and sshd opens no other.
 *
 * @example client.exec(line, (error) => { if (error) closeUnstarted(client) })
 */
export function closeUnstarted(client: Client): void {
  const channels = field(field(client, '_chanMgr'), '_channels');
  for (const channel of isObject(channels) ? Object.values(channels) : []) {
    const awaited = field(channel, '_callbacks');
    const close = field(channel, 'close');
    // One that was started says what it has become, and one that sshd has not answered yet waits for that.
    const isFree = field(channel, 'subtype') === undefined && Array.isArray(awaited) && awaited.length === 0;
    if (field(channel, 'type') === 'session' && isFree && typeof close === 'function') close.call(channel);
  }
}
