import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { judgeHostKey } from '../../src/transport/known-hosts.ts';
import { appendKnownHost, loadKnownHosts } from '../../src/transport/known-hosts-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'api7-orch-known-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const key = (body: string): Buffer =>
  Buffer.concat(
    ['ssh-ed25519', body].flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return [length, Buffer.from(text)];
    }),
  );
const owner = (address: string) => ({ address, port: 22 });

test('hosts that are met at once are all added, each once, and seen at once', async () => {
  const file = join(directory, 'new', 'known_hosts');
  const addresses = Array.from({ length: 100 }, (_, index) => `10.0.0.${index % 50}`);
  await Promise.all(
    addresses.map((address) => appendKnownHost(file, { owner: owner(address), key: key(address), hash: false })),
  );
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual([...new Set(addresses)].sort());
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const known = await loadKnownHosts([file]);
  expect(addresses.every((address) => judgeHostKey(known, owner(address), key(address)).state === 'ok')).toBe(true);
  await appendKnownHost(file, { owner: owner('late'), key: key('late'), hash: true });
  expect(judgeHostKey(await loadKnownHosts([file]), owner('late'), key('late')).state).toBe('ok');
});

test('a file that did not change is parsed once', async () => {
  const file = join(directory, 'still');
  writeFileSync(file, `gw-1 ssh-ed25519 ${key('A').toString('base64')}\n`);
  const line = (await loadKnownHosts([file])).of('gw-1')[0];
  expect(line).toBeDefined();
  expect((await loadKnownHosts([file])).of('gw-1')[0]).toBe(line);
});

test('the first file speaks first, and one that is not there says nothing', async () => {
  const [first, second] = [join(directory, 'first'), join(directory, 'second')];
  writeFileSync(first, `gw-1 ssh-ed25519 ${key('A').toString('base64')}\n`);
  writeFileSync(second, `gw-1 ssh-ed25519 ${key('B').toString('base64')}\n`);
  const known = await loadKnownHosts([join(directory, 'none'), first, second]);
  expect(known.of('gw-1').map(({ at }) => at)).toEqual([`${first}:1`, `${second}:1`]);
});

test('a file that cannot be written refuses each who wanted to add to it', async () => {
  const adding = ['a', 'b'].map((address) =>
    appendKnownHost(join(directory, 'first', 'below'), { owner: owner(address), key: key(address), hash: false }),
  );
  for (const one of await Promise.allSettled(adding))
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'CONNECT_KNOWN_HOSTS_UNWRITABLE' } });
});
