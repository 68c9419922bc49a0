import type { Algorithms } from 'ssh2';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../../src/core/base/secret.ts';
import { algorithms } from '../../../../src/transport/ssh/connect/algorithms.ts';
import { connectSsh } from '../../../../src/transport/ssh/ssh.ts';
import { startAuthServer } from '../../../support/ssh/auth-server.ts';

test('nothing weak is offered to a server', () => {
  const offered = Object.values(algorithms(['ssh-ed25519'])).flat();
  expect(offered).toContain('none');
  expect(offered).toContain('aes128-gcm@openssh.com');
  for (const name of offered)
    expect(name).not.toMatch(/sha1|md5|cbc|arcfour|group-exchange|group1-|-96|zlib|ripemd|dss/);
});

describe('a server that offers nothing but', () => {
  test.each<readonly [string, Algorithms, string]>([
    ['compressed packets', { compress: ['zlib@openssh.com', 'zlib'] }, 'compression'],
    ['key exchanges of SHA-1', { kex: ['diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1'] }, 'key exchange'],
    ['ciphers in CBC mode', { cipher: ['aes128-cbc', 'aes256-cbc'] }, 'cipher'],
    ['MACs of SHA-1', { cipher: ['aes128-ctr'], hmac: ['hmac-sha1', 'hmac-sha1-etm@openssh.com'] }, 'MAC'],
    ['host key signatures of SHA-1', { serverHostKey: ['ssh-rsa'] }, 'host key format'],
  ])('%s is refused before the login', async (_what, offers, what) => {
    await using server = await startAuthServer((request) => request.accept(), offers);
    const connecting = connectSsh(server.target({ password: Secret.of('sent to nobody') }), {
      acceptNewHostKeys: false,
    });
    await expect(connecting).rejects.toMatchObject({
      code: 'CONNECT_NO_COMMON_ALGORITHM',
      message: expect.stringContaining(what),
      hint: expect.stringContaining('sshd_config'),
      retryable: false,
    });
    expect(server.requests).toEqual([]);
  });
});
