import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('..', import.meta.url).pathname;

/** What each part may import from. `cli` composes, so it may import everything; nothing imports `cli`. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  inventory: ['core'],
  transport: ['core'],
  render: ['core'],
  docker: ['core'],
  lb: ['core', 'inventory'],
  tasks: ['core', 'docker'],
  api7: ['core', 'tasks', 'lb', 'inventory', 'rolling'],
  journal: ['core'],
  rolling: ['core'],
  engine: ['core', 'rolling'],
  index: ['core', 'tasks', 'lb', 'api7', 'inventory'],
  cli: ['core', 'inventory', 'transport', 'render', 'docker', 'lb', 'tasks', 'api7', 'engine', 'journal', 'index'],
};

/** Libraries that only one part may know. */
const PRIVATE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'node-ssh': ['transport'],
  ssh2: ['transport'],
  listr2: ['render'],
  undici: ['docker'],
  'js-yaml': ['inventory', 'tasks'],
  commander: ['cli'],
};

const files = (directory: string): readonly string[] =>
  readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => posix.join(directory, file));

const importsOf = (file: string): readonly string[] => {
  const text = readFileSync(join(root, file), 'utf8');
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)[^'"`;]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import '([^']+)'/g,
    ),
  ].map(([, from, lazy, bare]) => from ?? lazy ?? bare ?? '');
};

/** `src/core/task/task.ts` → core; the files directly in src are the public face. */
const partOf = (file: string): string => {
  const [, part = '', rest] = file.split('/');
  return rest === undefined ? 'index' : part;
};

test('parts import only what the table allows', () => {
  const wrong = files('src').flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => posix.normalize(posix.join(posix.dirname(file), name)))
      .filter((target) => partOf(target) !== partOf(file) && !LAYERS[partOf(file)]?.includes(partOf(target)))
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('every part has a row in the table', () => {
  expect(Object.keys(LAYERS).sort()).toEqual([...new Set(files('src').map(partOf))].sort());
});

/** `undici/lib/dispatcher/client.js` → undici */
const packageOf = (name: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name;

test('each outside library is known to its own part only', () => {
  const wrong = files('src').flatMap((file) =>
    importsOf(file)
      .map(packageOf)
      .filter((name) => PRIVATE_PACKAGES[name] !== undefined && !PRIVATE_PACKAGES[name].includes(partOf(file)))
      .map((name) => `${file} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('core does no I/O', () => {
  const doors = /^node:(fs|net|http|https|child_process|dgram|tls|worker_threads)(\/|$)/;
  const wrong = files('src/core').flatMap((file) =>
    importsOf(file)
      .filter((name) => doors.test(name))
      .map((name) => `${file}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('playbooks import the public package only', () => {
  const wrong = files('playbooks').flatMap((file) =>
    importsOf(file)
      .filter((name) => name !== 'api7-orch')
      .map((name) => `${file}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('no file is longer than 250 lines', () => {
  const long = [...files('src'), ...files('playbooks')]
    .map((file) => ({
      file: relative('.', file),
      lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1,
    }))
    .filter(({ lines }) => lines > 250);
  expect(long).toEqual([]);
});
