import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { UNUSED_API7 } from '../../bench/fleet.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const root = resolve(import.meta.dirname, '../..');
const directory = temporaryDirectory('built');

/** All other tests run from the sources: this is the package that a user installs. */
const built = (...words: readonly string[]) =>
  spawnSync(process.execPath, [join(root, 'dist/src/cli/main.js'), ...words], {
    encoding: 'utf8',
    cwd: directory,
    env: { ...process.env, API7_ORCH_BENCH_SECRET: 'of-nothing', XDG_STATE_HOME: directory },
  });

beforeAll(() => {
  execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'pipe' });
}, 180_000);

test('the build prints its version and its commands', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(built('--version').stdout.trim()).toBe(version);
  expect(built('lb', '--help').stdout).toContain('restore');
});

test('the build needs no syntax that the oldest Node lacks', () => {
  const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
  const sources = files
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(root, 'dist', file), 'utf8'));
  expect(sources.length).toBeGreaterThan(10);
  for (const source of sources) expect(source).not.toMatch(/^\s*(?:await )?using \w+ =/m);
});

test('the build imports only its own dependencies', async () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const imported = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => [
      ...readFileSync(join(root, 'dist', file), 'utf8').matchAll(/(?:\bfrom|^import|\bimport\()\s*"([a-z@][^":]*)"/gm),
    ])
    .map(([, name = '']) => name);
  const packages = new Set(imported.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]));
  packages.delete('api7-orch');
  expect([...packages].sort()).toEqual(Object.keys(dependencies).sort());
  // A part of undici that its documentation does not name: another version may have moved it.
  expect(imported).toContain('undici/lib/dispatcher/client.js');
  const client = 'undici/lib/dispatcher/client.js';
  expect((await import(client)).default).toBeTypeOf('function');
});

test('tests of playbooks import the build as api7-orch/testing', () => {
  const package_ = join(directory, 'node_modules/api7-orch');
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(root, package_);
  const script = join(directory, 'own-test.mjs');
  writeFileSync(
    script,
    `import { OrchError } from 'api7-orch';
     import { FakeDocker, FakeHost } from 'api7-orch/testing';
     const host = new FakeHost({ name: 'gw-1', docker: new FakeDocker({ files: { read: () => null } }) });
     await host.makeDirectory('/etc', { mode: '0755', owner: 'root', group: 'root' });
     await host.writeFile('/etc/motd', 'hello', { mode: '0644', owner: 'root', group: 'root' });
     const error = await host.httpGet({ port: 80, path: '/' }).catch((error) => error);
     console.log(String(await host.read('/etc/motd')), await host.docker.container('none'), error instanceof OrchError);`,
  );
  const run = spawnSync(process.execPath, [script], { encoding: 'utf8', cwd: directory });
  expect({ out: run.stdout, err: run.stderr }).toEqual({ out: 'hello null true\n', err: '' });
  const { exports } = JSON.parse(readFileSync(join(package_, 'package.json'), 'utf8'));
  expect(existsSync(join(package_, exports['./testing'].types))).toBe(true);
  rmSync(join(directory, 'node_modules'), { recursive: true });
});

test('the build runs its own playbooks, and those of others', () => {
  const inventory = join(directory, 'prod.yaml');
  writeFileSync(
    inventory,
    ['cluster: built', 'ssh: { user: nobody }', 'hosts: { gone: { address: 127.0.0.1, port: 1 } }', UNUSED_API7].join(
      '\n',
    ),
  );
  writeFileSync(
    join(directory, 'own.ts'),
    `import { definePlaybook, file, play } from 'api7-orch';
     export default definePlaybook({
       name: 'own', description: 'of a user',
       *plays() {
         yield* play({ name: 'one', hosts: 'all', *tasks() { yield file({ path: '/tmp/never', content: '' }); } });
       },
     });`,
  );
  const own = built('run', './own.ts', '-i', inventory, '--check');
  expect({ status: own.status, printed: own.stdout + own.stderr }).toMatchObject({
    status: 2,
    printed: expect.stringContaining('CONNECT_REFUSED'),
  });
  writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }');
  const below = built('run', './own.ts', '-i', inventory, '--check');
  expect(below).toMatchObject({ status: 2, stderr: own.stderr });
  const missing = built('run', 'nothing', '-i', inventory);
  expect(missing.stderr).toContain(
    'built in: adopt-forget, control-plane-restart, install, rollback, rolling-restart, start, stop',
  );
  const install = built('run', 'install', '-i', inventory, '--check');
  expect(install.stderr).not.toContain('PLAYBOOK_INVALID');
  expect(install.stderr).toContain('data_plane');
});
