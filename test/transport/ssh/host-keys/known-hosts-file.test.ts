import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judgeHostKey } from '../../../../src/transport/ssh/host-keys/known-hosts.ts';
import { appendKnownHost, loadKnownHosts } from '../../../../src/transport/ssh/host-keys/known-hosts-file.ts';
import { temporaryDirectory } from '../../../support/base/temporary-directory.ts';
import { wireText } from '../../../support/ssh/ssh-keys.ts';

const directory = temporaryDirectory('known');

const key = (body: string): Buffer => Buffer.concat(['ssh-ed25519', body].map(wireText));
const owner = (address: string) => ({ address, port: 22 });
const anyone = owner('anyone');

test('hosts that are met at once are all added, each once, and visible at once', async () => {
  const file = join(directory, 'new', 'known_hosts');
  const addresses = Array.from({ length: 100 }, (_, index) => `10.0.0.${index % 50}`);
  await Promise.all(
    addresses.map((address) => appendKnownHost(file, { owner: owner(address), key: key(address), hash: false })),
  );
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual([...new Set(addresses)].sort());
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const known = await loadKnownHosts([file], anyone);
  expect(addresses.every((address) => judgeHostKey(known, owner(address), key(address)).state === 'ok')).toBe(true);
  await appendKnownHost(file, { owner: owner('late'), key: key('late'), hash: true });
  expect(judgeHostKey(await loadKnownHosts([file], anyone), owner('late'), key('late')).state).toBe('ok');
});

test('a file that did not change is parsed once', async () => {
  const file = join(directory, 'still');
  writeFileSync(file, `gw-1 ssh-ed25519 ${key('A').toString('base64')}\n`);
  const line = (await loadKnownHosts([file], anyone)).of('gw-1')[0];
  expect(line).toBeDefined();
  expect((await loadKnownHosts([file], anyone)).of('gw-1')[0]).toBe(line);
});

test('the first file wins, and a missing one has no keys', async () => {
  const [first, second] = [join(directory, 'first'), join(directory, 'second')];
  writeFileSync(first, `gw-1 ssh-ed25519 ${key('A').toString('base64')}\n`);
  writeFileSync(second, `gw-1 ssh-ed25519 ${key('B').toString('base64')}\n`);
  const known = await loadKnownHosts([join(directory, 'none'), '/dev/null/none', first, second], anyone);
  expect(known.of('gw-1').map(({ at }) => at)).toEqual([`${first}:1`, `${second}:1`]);
});

test('an unwritable file refuses each host that would be added to it', async () => {
  const adding = ['a', 'b'].map((address) =>
    appendKnownHost(join(directory, 'first', 'below'), { owner: owner(address), key: key(address), hash: false }),
  );
  for (const one of await Promise.allSettled(adding))
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'CONNECT_KNOWN_HOSTS_UNWRITABLE' } });
});

test.each([join(directory, 'doubt'), '/dev/null'])(
  'two different keys at once under one name: the second is refused, and so is a third (%s)',
  async (file) => {
    const add = (body: string, address: string) =>
      appendKnownHost(file, { owner: owner(address), key: key(body), hash: true }).then(
        () => 'kept',
        (error: { readonly code: unknown; readonly hint: unknown }) => {
          expect(error.hint).toContain('HostKeyAlias');
          return error.code;
        },
      );
    const changed = 'CONNECT_HOST_KEY_CHANGED';
    expect(await Promise.all([add('A', 'twice'), add('B', 'twice'), add('A', 'other')])).toEqual([
      'kept',
      changed,
      'kept',
    ]);
    const known = await loadKnownHosts([file], anyone);
    expect(['A', 'B'].map((body) => judgeHostKey(known, owner('twice'), key(body)).state)).toEqual(['ok', 'changed']);
    expect(judgeHostKey(known, owner('other'), key('A')).state).toBe('ok');
    expect(await add('C', 'twice')).toBe(changed);
  },
);

test('two controllers that meet two different keys of a host at once: one is refused, and the file keeps one key', async () => {
  // Two spellings of one file are not queued behind each other, as two processes are not.
  for (let round = 0; round < 20; round++) {
    const files = [join(directory, `raced-${round}`), `${directory}/./raced-${round}`];
    const ends = await Promise.allSettled(
      files.map((file, i) => appendKnownHost(file, { owner: owner('raced'), key: key(`K${i}`), hash: false })),
    );
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'CONNECT_HOST_KEY_CHANGED' },
    });
    expect(
      readFileSync(files[0] ?? '', 'utf8')
        .trimEnd()
        .split('\n'),
    ).toHaveLength(1);
  }
});

test('of two different keys in one write neither is kept, and hosts that were met with them are not affected', async () => {
  const file = join(directory, 'one-write');
  const add = (body: string, address: string) =>
    appendKnownHost(file, { owner: owner(address), key: key(body), hash: false });
  // The first occupies the file: all the others go into the write after it.
  const adding = [add('A', 'first'), add('A', 'twice'), add('A', 'innocent'), add('B', 'twice'), add('A', 'twice')];
  const ends = await Promise.allSettled(adding);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected']);
  expect(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[0]),
  ).toEqual(['first', 'innocent', '']);
});

test('an unreadable file is named: it may hold the key of the host', async () => {
  const folder = join(directory, 'folder');
  mkdirSync(folder);
  await expect(loadKnownHosts([join(directory, 'none'), folder], anyone)).rejects.toMatchObject({
    code: 'CONNECT_KNOWN_HOSTS_UNREADABLE',
    message: expect.stringContaining(`${folder} cannot be read: Error: EISDIR`),
    hint: expect.stringContaining('ssh.known_hosts'),
  });
});

test('where no file keeps keys, this process does', async () => {
  const met = owner('met.example');
  expect(judgeHostKey(await loadKnownHosts(['/dev/null'], anyone), met, key('A')).state).toBe('unknown');
  await appendKnownHost('/dev/null', { owner: met, key: key('A'), hash: true });
  const known = await loadKnownHosts(['/dev/null', join(directory, 'none')], anyone);
  expect(judgeHostKey(known, met, key('A')).state).toBe('ok');
  expect(judgeHostKey(known, met, key('B'))).toMatchObject({ state: 'changed' });
  expect(judgeHostKey(await loadKnownHosts([join(directory, 'none')], anyone), met, key('A')).state).toBe('unknown');
  expect(readFileSync('/dev/null', 'utf8')).toBe('');
  // The same address behind another host is another host.
  const behind = { ...met, jump: owner('bastion') };
  expect(judgeHostKey(await loadKnownHosts(['/dev/null'], behind), behind, key('B')).state).toBe('unknown');
  await appendKnownHost('/dev/null', { owner: behind, key: key('B'), hash: false });
  expect(judgeHostKey(await loadKnownHosts(['/dev/null'], behind), behind, key('B')).state).toBe('ok');
  expect(judgeHostKey(await loadKnownHosts(['/dev/null'], met), met, key('A')).state).toBe('ok');
});
