import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { expect, test } from 'vitest';
import { circlesOf } from './support/base/circles.ts';

const root = new URL('..', import.meta.url).pathname;

/** What each layer may import from, types included. `cli` composes the others; nothing imports `cli`. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  inventory: ['core'],
  local: ['core'],
  journal: ['core', 'local'],
  render: ['core'],
  transport: ['core', 'local'],
  docker: ['core'],
  lock: ['core'],
  runs: ['core', 'inventory'],
  rolling: ['core'],
  engine: ['core', 'rolling'],
  lb: ['core', 'inventory'],
  tasks: ['core', 'docker'],
  api7: ['core', 'inventory', 'tasks'],
  adopt: ['core', 'inventory', 'docker', 'tasks', 'lb', 'api7'],
  traffic: ['core', 'inventory', 'lb', 'tasks', 'rolling', 'api7', 'adopt'],
  programs: ['core', 'inventory', 'tasks', 'api7', 'adopt', 'traffic'],
  testing: ['core', 'docker', 'transport'],
  index: ['core', 'inventory', 'lb', 'tasks', 'api7', 'traffic', 'programs'],
  cli: [
    'core',
    'inventory',
    'local',
    'journal',
    'render',
    'transport',
    'docker',
    'lock',
    'runs',
    'rolling',
    'engine',
    'lb',
    'tasks',
    'api7',
    'adopt',
    'traffic',
    'programs',
    'index',
  ],
};

/** Folders of a layer, bottom up: each may import only the ones before it. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'src/core': ['errors', 'base', 'bounds', 'host', 'task', 'play', 'event'],
  'src/engine': ['plan', 'apply', 'roll'],
  'src/transport': ['shell', 'read', 'files', 'lock', 'sockets', 'local', 'ssh'],
  'src/transport/ssh': ['host-keys', 'login', 'config', 'link', 'connect'],
};

/** Libraries that only one part may know. */
const PRIVATE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'node-ssh': ['transport'],
  ssh2: ['transport'],
  listr2: ['render'],
  undici: ['docker'],
  pg: ['transport'],
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

const targetsOf = (file: string): readonly string[] =>
  importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.normalize(posix.join(posix.dirname(file), name)));

/** The layer of a file: `src/core/task/task.ts` → core. The files directly in src are the public face. */
const partOf = (file: string): string => {
  const [, part = '', rest] = file.split('/');
  return rest === undefined ? 'index' : part;
};

/** The files that may write to the terminal: they sanitize text from hosts, or print none. */
const WRITERS = ['src/cli/bug-stop.ts', 'src/cli/interrupt.ts', 'src/cli/inventory.ts'];

test('only files that sanitize outside text write to standard output or error', () => {
  const writers = files('src').filter((file) =>
    /\b(?:stdout|stderr)\.write\((?!chunk)/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(writers.toSorted()).toEqual(WRITERS);
});

test('parts import only what the table allows', () => {
  const wrong = files('src').flatMap((file) =>
    targetsOf(file)
      .filter((target) => partOf(target) !== partOf(file) && !LAYERS[partOf(file)]?.includes(partOf(target)))
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

/** A row of the page's table as a layer and what it may import. */
function layerOf([, name = '', list = '']: RegExpMatchArray): readonly [string, readonly string[]] {
  const layer = name.replace('.ts', '');
  const except = /^everything but (\w+)$/.exec(list)?.[1];
  if (except !== undefined) return [layer, Object.keys(LAYERS).filter((one) => one !== layer && one !== except)];
  return [layer, list === '–' ? [] : list.split(', ')];
}

test('docs/architecture.md shows the same table', () => {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const section = page.slice(page.indexOf('## Layers'), page.indexOf('## Where to change'));
  const rows = [...section.matchAll(/^\| `([\w.]+)` \|[^|]*\| ([^|]*) \|$/gm)].map(layerOf);
  expect(Object.fromEntries(rows)).toEqual(LAYERS);
});

test('circlesOf finds every circle of a graph', () => {
  const graph = { a: ['b'], b: ['c', 'd'], c: ['b'], d: ['e'], e: [], f: ['a'], g: ['g'] };
  expect(circlesOf(new Map(Object.entries(graph)))).toEqual([['b', 'c'], ['g']]);
});

test('files do not import each other in circles', () => {
  const graph = new Map(files('src').map((file) => [file, targetsOf(file)]));
  expect(graph.get('src/index.ts')).toContain('src/core/play/play.ts');
  expect(circlesOf(graph)).toEqual([]);
});

/** A file directly in a folder may import the sub-folders of that folder, and they may import it: only folders side by side count. */
const siblings = (from: string, to: string): readonly [string, string] | undefined => {
  const [a, b] = [from.split('/'), to.split('/')];
  const at = a.findIndex((name, i) => name !== b[i]);
  if (at < 0 || a.length - 1 <= at || b.length - 1 <= at) return undefined;
  return [a.slice(0, at + 1).join('/'), b.slice(0, at + 1).join('/')];
};

const folderImports = (): ReadonlyMap<string, readonly string[]> => {
  const graph = new Map<string, string[]>();
  for (const file of files('src'))
    for (const target of targetsOf(file)) {
      const pair = siblings(file, target);
      if (pair !== undefined) graph.set(pair[0], [...(graph.get(pair[0]) ?? []), pair[1]]);
    }
  return graph;
};

test('folders side by side do not import each other in circles', () => {
  const graph = folderImports();
  expect(graph.get('src/engine/apply')).toContain('src/engine/plan');
  expect(circlesOf(graph)).toEqual([]);
});

test.each(Object.entries(ROOMS))('folders of %s import only those below them', (folder, rooms) => {
  const graph = folderImports();
  const wrong = rooms.flatMap((room, i) =>
    (graph.get(`${folder}/${room}`) ?? [])
      .filter((target) => posix.dirname(target) === folder && rooms.indexOf(posix.basename(target)) > i)
      .map((target) => `${folder}/${room} imports ${target}`),
  );
  expect(wrong).toEqual([]);
  const found = readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(found.map(({ name }) => name).sort()).toEqual([...rooms].sort());
});

test('every part has a row in the table', () => {
  expect(Object.keys(LAYERS).sort()).toEqual([...new Set(files('src').map(partOf))].sort());
});

/** `undici/lib/dispatcher/client.js` → undici */
const packageOf = (name: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name;

test('each outside library is imported by its own layer only', () => {
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

test('no folder has more than 24 files', () => {
  const folders = ['src', 'test', 'playbooks', 'scripts', 'bench'].flatMap(files).map((file) => posix.dirname(file));
  const full = [...new Set(folders)].filter((folder) => folders.filter((one) => one === folder).length > 24);
  expect(full).toEqual([]);
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
