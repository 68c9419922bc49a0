import { describe, expect, test } from 'vitest';
import { startSshd } from '../../support/ssh/sshd.ts';

describe('an sshd that allows nothing but', () => {
  test.each([
    [
      'key exchanges of SHA-1',
      ['KexAlgorithms diffie-hellman-group14-sha1,diffie-hellman-group1-sha1'],
      'key exchange',
    ],
    ['group exchange', ['KexAlgorithms diffie-hellman-group-exchange-sha256'], 'key exchange'],
    ['MACs of SHA-1 and MD5', ['Ciphers aes128-ctr', 'MACs hmac-sha1,hmac-md5,hmac-sha1-etm@openssh.com'], 'MAC'],
    ['ciphers in CBC mode', ['Ciphers aes128-cbc,3des-cbc'], 'cipher'],
  ])('%s is not connected to', async (_what, config, what) => {
    await using sshd = await startSshd({ sudo: 'none', config });
    await expect(sshd.connect()).rejects.toMatchObject({
      code: 'CONNECT_NO_COMMON_ALGORITHM',
      message: expect.stringContaining(what),
      hint: expect.stringContaining('docs/security.md'),
    });
  });
});

describe('an sshd that allows', () => {
  test.each([
    ['curve25519 and AES-GCM', ['KexAlgorithms curve25519-sha256', 'Ciphers aes256-gcm@openssh.com']],
    ['group 14 and ChaCha20', ['KexAlgorithms diffie-hellman-group14-sha256', 'Ciphers chacha20-poly1305@openssh.com']],
    [
      'NIST curves, AES-CTR and SHA-2',
      ['KexAlgorithms ecdh-sha2-nistp384', 'Ciphers aes192-ctr', 'MACs hmac-sha2-512'],
    ],
    ['compression where it is wanted', ['Compression yes']],
  ])('%s works', async (_what, config) => {
    await using sshd = await startSshd({ sudo: 'none', config });
    const host = await sshd.connect({ become: 'none' });
    expect((await host.run({ script: 'head -c 300000 /dev/zero | tr "\\0" x' })).stdout).toHaveLength(300_000);
    await host.close();
  });
});
