import { describe, expect, test } from 'vitest';
import { directory } from '../../src/tasks/directory.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { paths, plan, ROOT, settle } from './settle.ts';

const wanted = directory({ path: '/opt/api7/conf', mode: '0750', owner: 636, group: 'ops' });

describe('directory', () => {
  test('is created with its parents, once', async () => {
    const host = new FakeHost({ name: 'gw-1' });
    expect(await settle(wanted, host)).toMatchObject({ left: [] });
    expect(host.files.get('/opt/api7/conf')).toMatchObject({
      type: 'directory',
      mode: '0750',
      owner: 636,
      group: 'ops',
    });
    expect(host.files.get('/opt/api7')).toMatchObject({ type: 'directory', mode: '0755', owner: 'root' });
  });

  test('only differences are changes', async () => {
    const host = new FakeHost({ name: 'gw-1' });
    await host.makeDirectory('/opt/api7/conf', { mode: '0755', owner: 636, group: 'ops' });
    const { did, left } = await settle(wanted, host);
    expect([paths(did), left]).toEqual([['mode'], []]);
  });

  test('a file at its path is refused, and the refusal is final', async () => {
    const host = new FakeHost({ name: 'gw-1' });
    await host.makeDirectory('/opt/api7', { mode: '0755', ...ROOT });
    await host.writeFile('/opt/api7/conf', 'x', { mode: '0644', ...ROOT });
    const before = await wanted.bound.read(host, undefined);
    expect(() => wanted.bound.want(before, { local: undefined, see: () => expect.fail() })).toThrow(
      expect.objectContaining({ code: 'PATH_TAKEN', message: '/opt/api7/conf must be a directory, but it is a file' }),
    );
  });

  test.each([
    ['a relative path', { path: 'opt/api7' }],
    ['a path with a slash at its end', { path: '/opt/api7/' }],
    ['a path with dots', { path: '/opt/../etc' }],
    ['the root', { path: '/' }],
    ['a mode of three digits', { path: '/opt', mode: '755' }],
    ['an owner that is a number in quotes', { path: '/opt', owner: '636' }],
    ['an owner below zero', { path: '/opt', owner: -1 }],
  ])('refuses %s', (_, params) => {
    expect(() => directory(params)).toThrow(expect.objectContaining({ code: 'TASK_PARAMS' }));
  });

  test('two spellings of one path are the same claim', async () => {
    expect(directory({ path: '/opt/api7' }).claim).toBe('file:/opt/api7');
    expect((await plan(directory({ path: '/opt' }), new FakeHost({ name: 'gw-1' }))).before).toBeNull();
  });
});
