import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSshd } from '../../support/ssh/sshd.ts';
import { bytes, content, digestOf, OWNED, sha256, uploadScene } from '../../support/ssh/upload-scene.ts';

const scene = uploadScene();

test.each([0, 1, 1024 * 1024, 1024 * 1024 + 1])('a file of %i bytes arrives whole', async (size) => {
  const some = bytes.subarray(0, size);
  writeFileSync(scene.local, some);
  const digest = digestOf(some);
  const host = await scene.relayed();
  for (const name of ['two words', "it's", 'quo"te', 'line\nbreak', '-rf', '*?[a]', 'é漢🙂', '$HOME `id`']) {
    const target = join(scene.directory, name);
    await host.upload(scene.local, target, { ...OWNED, sha256: digest });
    expect(content(target)).toBe(digest);
  }
  expect(readdirSync(scene.directory)).toHaveLength(8);
  await host.close();
});

test.each([
  ['that wants new keys all the time', 'RekeyLimit 1M'],
  ['that knows no GCM', 'Ciphers aes256-ctr,chacha20-poly1305@openssh.com'],
])('an upload to a server %s arrives whole', async (_, line) => {
  await using server = await startSshd({ config: [line] });
  const host = await server.connect();
  await scene.upload(host);
  expect(content(scene.target)).toBe(sha256);
  await host.close();
});
