import { PassThrough } from 'node:stream';
import { Client } from 'ssh2';
import { expect, test } from 'vitest';
import { leaveHostKeysUnproven } from '../../../../src/transport/ssh/connect/unproven-host-keys.ts';

test('only the announcement of other host keys is skipped; ssh2 handles all others', () => {
  const client = new Client();
  client.on('error', () => {});
  client.connect({ sock: new PassThrough(), username: 'ops' });
  const { _handlers: handlers } = Reflect.get(client, '_protocol');
  const answered: unknown[] = [];
  // Fails when a next ssh2 no longer keeps it there.
  expect(handlers.GLOBAL_REQUEST).toBeTypeOf('function');
  handlers.GLOBAL_REQUEST = (_by: unknown, name: string) => answered.push(name);
  leaveHostKeysUnproven(client);
  handlers.GLOBAL_REQUEST({}, 'hostkeys-00@openssh.com', false, []);
  handlers.GLOBAL_REQUEST({}, 'keepalive@openssh.com', true, undefined);
  handlers.GLOBAL_REQUEST({}, 'hostkeys-00@openssh.com', true, []);
  expect(answered).toEqual(['keepalive@openssh.com', 'hostkeys-00@openssh.com']);
  client.destroy();
});
