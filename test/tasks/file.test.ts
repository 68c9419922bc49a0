import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/core/base/data.ts';
import { Secret } from '../../src/core/base/secret.ts';
import { file } from '../../src/tasks/file.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { paths, plan, ROOT, settle } from './settle.ts';

const motd = file({ path: '/motd', content: 'welcome\n' });
const hidden = file({ path: '/token', content: Secret.of('tok-7f3a91'), mode: '0600' });

async function hostWith(content: string | Uint8Array, mode = '0644'): Promise<FakeHost> {
  const host = new FakeHost({ name: 'gw-1' });
  for (const path of ['/motd', '/token']) await host.writeFile(path, content, { mode, ...ROOT });
  host.writes = 0;
  return host;
}

const show = async (task: typeof motd, host: FakeHost) => task.bound.show(await plan(task, host), host);

describe('file', () => {
  test('is written, then left alone', async () => {
    const host = new FakeHost({ name: 'gw-1' });
    expect(await settle(motd, host)).toMatchObject({ left: [] });
    expect(host.files.get('/motd')).toEqual({ type: 'file', content: Buffer.from('welcome\n'), mode: '0644', ...ROOT });
    expect(await settle(motd, host)).toEqual({ did: [], left: [] });
    expect(host.writes).toBe(1);
  });

  test('its state is its digest, never its bytes', async () => {
    const { after } = await plan(motd, new FakeHost({ name: 'gw-1' }));
    expect(after).toEqual({ type: 'file', digest: sha256('welcome\n'), mode: '0644', ...ROOT });
  });

  test('other content is a change of the digest alone', async () => {
    const { did, left } = await settle(motd, await hostWith('old\n'));
    expect([paths(did), left]).toEqual([['digest'], []]);
  });

  test('where only the mode differs, the content is not written again', async () => {
    const host = await hostWith('welcome\n', '0600');
    const content = host.files.get('/motd')?.content;
    const { did, left } = await settle(motd, host);
    expect([paths(did), left]).toEqual([['mode'], []]);
    expect(host.files.get('/motd')?.content).toBe(content);
  });

  test('owner and group are compared as they are declared: numbers as numbers, names as names', async () => {
    const host = new FakeHost({ name: 'gw-1' });
    await host.writeFile('/motd', 'welcome\n', { mode: '0644', owner: 'ops', group: 1000 });
    expect(
      (await plan(file({ path: '/motd', content: 'welcome\n', owner: 1000, group: 'ops' }), host)).differences,
    ).toEqual([]);
    const { differences } = await plan(file({ path: '/motd', content: 'welcome\n', owner: 1001, group: 'root' }), host);
    expect(differences).toEqual([
      { path: 'owner', before: 1000, after: 1001 },
      { path: 'group', before: 'ops', after: 'root' },
    ]);
  });

  test('a directory at its path is refused', async () => {
    const host = new FakeHost({ name: 'gw-1' });
    await host.makeDirectory('/motd', { mode: '0755', ...ROOT });
    await expect(plan(motd, host)).rejects.toMatchObject({
      code: 'PATH_TAKEN',
      message: '/motd must be a file, but it is a directory',
    });
  });
});

describe('the diff of a file', () => {
  test('before and after as text', async () => {
    expect(await show(motd, await hostWith('old\n'))).toEqual({ before: 'old\n', after: 'welcome\n' });
    expect(await show(motd, new FakeHost({ name: 'gw-1' }))).toEqual({ before: '', after: 'welcome\n' });
  });

  test('known secrets are masked on both sides', async () => {
    Secret.of('s3cret-word');
    const plain = file({ path: '/motd', content: 'is s3cret-word\n' });
    expect(await show(plain, await hostWith('was s3cret-word\n'))).toEqual({ before: 'was ***\n', after: 'is ***\n' });
  });

  test('binary bytes, and large texts, are not shown', async () => {
    expect(await show(motd, await hostWith(Uint8Array.of(0xff, 0xfe)))).toMatchObject({
      before: '(not shown: not a text)\n',
    });
    expect(await show(motd, await hostWith('x'.repeat(2 << 20)))).toMatchObject({
      before: '(not shown: larger than 1 MiB)\n',
    });
  });

  test('secret content is never shown, nor the earlier content, nor either digest', async () => {
    const patch = await show(hidden, await hostWith('last-months-token'));
    expect(patch).toEqual({ before: '(secret content as it is)\n', after: '(secret content as it is wanted)\n' });
    expect(hidden.bound.hidden('digest')).toBe(true);
    expect(motd.bound.hidden('digest')).toBe(false);
  });

  test('with secret content in place and only the mode wrong there is no text to show', async () => {
    expect(await show(hidden, await hostWith('tok-7f3a91', '0644'))).toEqual({ before: '', after: '' });
  });

  test('its parameters carry no secret into any serialiser', () => {
    expect(JSON.stringify(hidden)).not.toContain('tok-7f3a91');
    expect(hidden.bound.statement).not.toContain('tok-7f3a91');
  });
});

describe('the label of a container', () => {
  test('plain content: the state; secret content: a stretched digest, the same each time', async () => {
    const { after: open } = await plan(motd, new FakeHost({ name: 'gw-1' }));
    const { after: closed } = await plan(hidden, new FakeHost({ name: 'gw-1' }));
    if (open === null || closed === null) expect.fail('both are wanted');
    expect(motd.bound.fingerprint(open)).toEqual(open);
    const print = hidden.bound.fingerprint(closed);
    expect(print).toEqual({ ...closed, digest: expect.stringMatching(/^s1:[0-9a-f]{48}$/) });
    expect(hidden.bound.fingerprint(closed)).toEqual(print);
    expect(JSON.stringify(print)).not.toContain(sha256('tok-7f3a91'));
  });
});
