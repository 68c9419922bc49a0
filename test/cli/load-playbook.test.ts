import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runNode } from '../support/base/run-node.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const main = resolve(import.meta.dirname, '../../src/cli/main.ts');
const directory = temporaryDirectory('playbooks');

/** Its helper is a file of its own, so that both are imported. */
const PLAYBOOK = `import { definePlaybook, play } from 'api7-orch';
import { name } from './name.ts';
export default definePlaybook({ name, description: 'Does nothing.', *plays() { yield* play({ name: 'Nothing', hosts: 'all', *tasks() {} }); } });
`;

/** A directory for playbooks, as a user would have made it. */
function folder(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(directory, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return path;
}

const cli = async (cwd: string, ...args: readonly string[]) =>
  await runNode([main, ...args], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', XDG_STATE_HOME: directory },
  });

const files = { 'p.ts': PLAYBOOK, 'name.ts': "export const name: string = 'nothing';\n" };

describe.concurrent('a .ts playbook is a module, without a warning of Node', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['below a package.json with commonjs', { 'package.json': '{"name":"x","type":"commonjs"}' }],
    ['below a package.json without a type', { 'package.json': '{"name":"x"}' }],
    ['beside none', {}],
  ])('%s', async (name, more) => {
    const { stdout, stderr } = await cli(folder(name, { ...files, ...more }), 'run', './p.ts', '-i', 'nowhere.yaml');
    // The playbook is loaded first: only the inventory was missing.
    expect(stderr).toMatch(/^error INVENTORY_UNREADABLE: /);
    expect(stdout).toBe('');
  });

  test('a .js playbook in a commonjs package is refused with the fix, and without further text', async () => {
    const cwd = folder('js', { 'p.js': PLAYBOOK.replace('.ts', '.js'), 'package.json': '{"type":"commonjs"}' });
    const { stderr } = await cli(cwd, 'run', './p.js', '-i', 'nowhere.yaml');
    expect(stderr).toMatch(
      /^error PLAYBOOK_INVALID: .*\n {2}hint: .*"commonjs": set "module", or name the file \.ts\n$/,
    );
  });

  test('warnings of a playbook itself are shown', async () => {
    const warns = `${PLAYBOOK}process.emitWarning('the rack list is old');\n`;
    const { stderr } = await cli(folder('warns', { ...files, 'p.ts': warns }), 'run', './p.ts', '-i', 'nowhere.yaml');
    expect(stderr).toContain('Warning: the rack list is old');
  });
});

const INVENTORY = `cluster: prod
ssh: { config: none, user: ops, port: 1 }
hosts: { gw-1: { address: 127.0.0.1 } }
api7:
  version: "3.10.5"
  database: { host: db, user: api7ee, password: some-password }
  gateway: { endpoints: ["http://10.0.0.10:17900"], token: some-token }
`;

test.each<[string, string, object]>([
  ['a name of the own playbooks', 'mine', { file: './playbooks/mine.ts', replacesBuiltIn: false }],
  ['a name of a built-in one, too', 'install', { file: './playbooks/install.ts', replacesBuiltIn: true }],
  ['a path', '../own/playbooks/mine.ts', { file: './playbooks/mine.ts', replacesBuiltIn: false }],
])('the run names its file: %s', async (_name, given, source) => {
  const cwd = folder('own', {
    'prod.yaml': INVENTORY,
    'playbooks/name.ts': files['name.ts'],
    'playbooks/mine.ts': PLAYBOOK,
    'playbooks/install.ts': PLAYBOOK,
  });
  const { stdout } = await cli(cwd, 'run', given, '-l', 'gw-1', '-i', 'prod.yaml', '-o', 'json');
  expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
    type: 'run.start',
    title: 'nothing',
    command: `run ${basename(given, '.ts')} --limit gw-1`,
    ...source,
  });
});

test('a built-in playbook names no file', async () => {
  const { stdout } = await cli(
    folder('without', { 'prod.yaml': INVENTORY }),
    'run',
    'start',
    '-i',
    'prod.yaml',
    '-o',
    'json',
  );
  expect(stdout).not.toContain('"file"');
});
