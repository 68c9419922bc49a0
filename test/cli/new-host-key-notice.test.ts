import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { newHostKeyNotice } from '../../src/cli/new-host-key-notice.ts';

const key = { host: 'gw-1', name: 'gw-1', type: 'ssh-ed25519', fingerprint: 'SHA256:x', file: '/k', passedOver: [] };

test.each([
  [{}, 'new host key of gw-1 accepted: SHA256:x, added to /k\n'],
  [{ file: '/dev/null' }, 'new host key of gw-1 accepted: SHA256:x, for this run only\n'],
  [
    { passedOver: ['/k:1 cannot be read'] },
    'new host key of gw-1 accepted: SHA256:x, added to /k\nwarning: /k:1 cannot be read; nothing vouches for the key of gw-1: compare the fingerprint there (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub)\n',
  ],
])('a new key is reported with the keys that were skipped: %j', (more, text) => {
  const stderr = new PassThrough({ encoding: 'utf8' });
  newHostKeyNotice(stderr as unknown as NodeJS.WriteStream)({ ...key, ...more });
  expect(stderr.read()).toBe(text);
});
