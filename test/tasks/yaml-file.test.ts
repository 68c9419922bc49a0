import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { knownSecrets, Secret } from '../../src/core/base/secret.ts';
import { container } from '../../src/tasks/container.ts';
import { image } from '../../src/tasks/image.ts';
import { yamlFile } from '../../src/tasks/yaml-file.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';
import { paths, plan, ROOT, settle } from './settle.ts';

const HEADER = '# Written by api7-orch; changes by hand are undone by the next run.\n';
const PATH = '/config.yaml';
const dsn = Secret.of('postgres://api7ee:p%40ss@10.0.0.7/api7ee');
const config = yamlFile({ path: PATH, content: { server: { port: 7080 }, database: { dsn }, tags: ['b', 'a'] } });

const written = (host: FakeHost): string => host.fileText(PATH) ?? '';

async function hostWith(text: string): Promise<FakeHost> {
  const host = new FakeHost({ name: 'cp-1' });
  await host.writeFile(PATH, text, { mode: '0640', ...ROOT });
  return host;
}

const shown = async (task: typeof config, host: FakeHost) => {
  const patch = await task.bound.show(await plan(task, host), host);
  return patch ?? expect.fail('a YAML file shows its text');
};

describe('yamlFile', () => {
  test('writes the values, secrets opened, keys in the given order, under a header', async () => {
    const host = new FakeHost({ name: 'cp-1' });
    expect(await settle(config, host)).toMatchObject({ left: [] });
    expect(written(host)).toBe(
      `${HEADER}server:\n  port: 7080\ndatabase:\n  dsn: postgres://api7ee:p%40ss@10.0.0.7/api7ee\ntags:\n  - b\n  - a\n`,
    );
    expect(host.files.get(PATH)).toMatchObject({ mode: '0640', owner: 'root', group: 'root' });
  });

  test('the same content is the same text', async () => {
    const host = new FakeHost({ name: 'cp-1' });
    await settle(config, host);
    const again = yamlFile({ path: PATH, content: { server: { port: 7080 }, database: { dsn }, tags: ['b', 'a'] } });
    expect(await settle(again, host)).toEqual({ did: [], left: [] });
  });

  test('a manual edit is undone', async () => {
    const host = await hostWith(`${HEADER}server: {port: 7080}\n`);
    const { did, left } = await settle(config, host);
    expect([paths(did), left]).toEqual([['digest'], []]);
  });

  describe('a default that a release adds', () => {
    const before = { server: { port: 7080 }, database: { dsn } };
    const added = { ...before, database: { dsn, max_lifetime: '1h' } };
    const task = (content: object, accepts: readonly object[], mode = '0640') =>
      yamlFile({ path: PATH, content, accepts, mode });

    test('does not change a file that is up to date without it', async () => {
      const host = new FakeHost({ name: 'cp-1' });
      await settle(task(before, []), host);
      const was = await plan(task(before, []), host);
      expect(await settle(task(added, [before]), host)).toEqual({ did: [], left: [] });
      expect(load(written(host))).not.toHaveProperty('database.max_lifetime');
      // Containers carry a digest of it, which stays, too; otherwise each of them would be recreated.
      const now = await plan(task(added, [before]), host);
      const mark = (of: typeof config, { after }: typeof now) => of.bound.fingerprint(after ?? expect.fail('no file'));
      expect(mark(task(added, [before]), now)).toEqual(mark(task(before, []), was));
    });

    test('is written into a new file, and wherever something else differs', async () => {
      const fresh = new FakeHost({ name: 'cp-1' });
      await settle(task(added, [before]), fresh);
      expect(load(written(fresh))).toHaveProperty('database.max_lifetime', '1h');
      const old = new FakeHost({ name: 'cp-1' });
      await settle(task(before, []), old);
      const edited = { server: { port: 7081 } };
      expect(paths((await settle(task({ ...added, ...edited }, [{ ...before, ...edited }]), old)).did)).toEqual([
        'digest',
      ]);
      expect(load(written(old))).toMatchObject({ server: { port: 7081 }, database: { max_lifetime: '1h' } });
    });

    test('recreates no container that restarts on each change of the file', async () => {
      const host = new DockerHost();
      host.files.makeDirectory('/opt', { ...ROOT, mode: '0755' });
      host.engine.pullable.set('api7/dp:1', { classic: 'sha256:1', containerd: 'sha256:2' });
      const rows = async (content: object, accepts: readonly object[]) => {
        const run = await runPlays(
          [host],
          onePlay(function* () {
            const loaded = image({ ref: 'api7/dp:1' });
            yield loaded;
            const written = yamlFile({ path: '/opt/c.yaml', content, accepts });
            yield written;
            const mounts = [{ source: '/opt/c.yaml', target: '/c.yaml' }];
            const stop = { stopSignal: 'SIGTERM', stopTimeoutSeconds: 30 };
            yield container({ name: 'dp', image: loaded, mounts, restartOn: [written], ...stop });
          }),
        );
        return run.rows.map((row) => row.split(' ').slice(0, 2).join(' '));
      };
      await rows(before, []);
      expect(await rows(added, [before])).toEqual(['ok image', 'ok yamlFile', 'ok container']);
      const log = { log: { level: 'info' } };
      expect(await rows({ ...added, ...log }, [{ ...before, ...log }])).toEqual([
        'ok image',
        'changed yamlFile',
        'changed container',
      ]);
      expect(host.fileText('/opt/c.yaml')).toContain('max_lifetime');
    });

    test('is not written where only the mode differs, and not shown', async () => {
      const host = new FakeHost({ name: 'cp-1' });
      await settle(task(before, [], '0600'), host);
      const again = task(added, [before]);
      expect(await shown(again, host)).toEqual({ before: '', after: '' });
      expect(paths((await settle(again, host)).did)).toEqual(['mode']);
      expect(load(written(host))).not.toHaveProperty('database.max_lifetime');
    });
  });

  test.each([
    '1.10',
    'yes',
    'on',
    '010',
    '0o17',
    '1:30',
    '2026-11-23',
    'null',
    '~',
    '',
    ' pad ',
    '#x',
    'a: b',
    '- x',
    '*a',
    '&a',
    '!t',
    '"q"',
    "it's",
    'é漢',
    'two\nlines',
    'x'.repeat(300),
  ])('the text %j stays a text', async (value) => {
    const host = new FakeHost({ name: 'cp-1' });
    await settle(yamlFile({ path: PATH, content: { value, list: [value] } }), host);
    expect(load(written(host))).toEqual({ value, list: [value] });
  });

  test('fields that are undefined are left out', async () => {
    const host = new FakeHost({ name: 'cp-1' });
    await settle(yamlFile({ path: PATH, content: { a: undefined, b: [] } }), host);
    expect(load(written(host))).toEqual({ b: [] });
  });

  test.each([
    ['a function', { a: { b: [() => 1] } }, 'a.b[0] is a Function'],
    ['a date', { at: new Date(0) }, 'at is a Date'],
    ['no number', { n: Number.NaN }, 'n is NaN'],
    ['a hole in a list', { list: [undefined] }, 'list[0] is undefined'],
  ])('refuses %s and names its path', (_, content, message) => {
    // Values of a playbook without types.
    expect(() => yamlFile({ path: PATH, content: content as never })).toThrow(
      expect.objectContaining({ code: 'TASK_PARAMS', message: expect.stringContaining(message) }),
    );
  });

  test('the whole text does not become a secret: its ordinary lines stay readable elsewhere', () => {
    expect([...knownSecrets()].some((value) => value.includes('port: 7080'))).toBe(false);
  });
});

describe('the diff of a YAML file', () => {
  test('a new one, with its secrets masked', async () => {
    const patch = await shown(config, new FakeHost({ name: 'cp-1' }));
    expect(patch.before).toBe('');
    expect(load(patch.after)).toEqual({ server: { port: 7080 }, database: { dsn: '***' }, tags: ['b', 'a'] });
  });

  test.each([
    ['a secret that stays', `database: {dsn: ${dsn.reveal()}}`, { database: { dsn: '***' } }],
    [
      'a secret that is replaced',
      'database: {dsn: "postgres://u:old-word@h/d"}',
      { database: { dsn: '*** (another one)' } },
    ],
    ['a plain value', 'server: {port: 1}', { server: { port: 1 } }],
    [
      'a key that is gone keeps its name only',
      'server: {port: 1, key: old-word}\nextra: {deep: [old-word]}',
      { server: { port: 1, key: '***' }, extra: '***' },
    ],
    ['a value where a mapping is wanted', 'database: postgres://u:old-word@h/d', { database: '***' }],
    ['a mapping where a value is wanted', 'server: {port: {x: old-word}}', { server: { port: '***' } }],
    ['a list where a mapping is wanted', 'database: [old-word]', { database: '***' }],
    ['items past the end of a list', 'tags: [x, y, old-word]', { tags: ['x', 'y', '***'] }],
    ['a key of every object', 'toString: old-word\n__proto__: old-word', { toString: '***', ['__proto__']: '***' }],
  ])('before: %s', async (_, text, expected) => {
    const patch = await shown(config, await hostWith(`${HEADER}# old-word\n${text}\n`));
    expect(load(patch.before)).toEqual(expected);
    expect(patch.before.startsWith(HEADER)).toBe(true);
    expect(patch.before).not.toContain('old-word');
  });

  test('in a list that holds a secret, items that moved are masked', async () => {
    const secret = Secret.of('new-password');
    const task = yamlFile({
      path: PATH,
      content: {
        env: [
          { name: 'A', value: 'plain' },
          { name: 'B', value: secret },
        ],
      },
    });
    const patch = await shown(
      task,
      await hostWith('env:\n  - {name: B, value: old-word}\n  - {name: B, value: old-word}\n'),
    );
    expect(load(patch.before)).toEqual({
      env: [
        { name: '***', value: '***' },
        { name: 'B', value: '*** (another one)' },
      ],
    });
  });

  test.each([
    ['two documents', 'a: 1\n---\nb: old-word\n'],
    ['no YAML at all', '{old-word: [\n'],
    ['nothing', ''],
  ])('%s is not shown', async (_, text) => {
    expect((await shown(config, await hostWith(text))).before).toBe('(not shown: not one YAML document)\n');
  });

  test('the digest is hidden where the content holds a secret', () => {
    expect(config.bound.hidden('digest')).toBe(true);
    expect(yamlFile({ path: PATH, content: { a: 1 } }).bound.hidden('digest')).toBe(false);
  });
});
