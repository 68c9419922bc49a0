import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

/** The effect of each command on hosts. A new one must be added here, and is checked. */
const VERBS: Readonly<
  Record<
    string,
    | 'locks'
    | 'locks its hosts alone'
    | 'swaps leases'
    | 'swaps records'
    | 'runs the given playbook or command'
    | 'changes locks only'
    | 'reads'
    | 'offline'
  >
> = {
  'run <playbook>': 'locks',
  'adopt forget': 'locks',
  // By the run of a playbook, which locks; their own part only reads.
  'rollback [pattern]': 'reads',
  'resume [run]': 'reads',
  'exec <pattern> [command...]': 'runs the given playbook or command',
  // Its containers serve nothing, so no balancer is locked.
  'images verify': 'locks its hosts alone',
  'status [pattern]': 'reads',
  'check [pattern]': 'reads',
  discover: 'reads',
  'lb status [pattern]': 'reads',
  'lb drain <nodes...>': 'swaps leases',
  'lb restore [nodes...]': 'swaps leases',
  // It locks with --fix alone.
  'lb doctor': 'locks',
  'lock show [pattern]': 'reads',
  'lock break [pattern]': 'changes locks only',
  'runs list': 'reads',
  'runs show <run>': 'reads',
  'runs gc': 'swaps records',
  // By lock break.
  'runs stop <run>': 'changes locks only',
  'inventory list [pattern]': 'offline',
  'inventory validate': 'offline',
  'inventory schema': 'offline',
};

/** The command's own file, by the name under which the program imports it. */
const FILES: Readonly<Record<string, string>> = {
  'run <playbook>': 'run/run.ts',
  'adopt forget': 'run/run.ts',
  'rollback [pattern]': 'rollback/rollback.ts',
  'resume [run]': 'resume/resume.ts',
  'exec <pattern> [command...]': 'exec.ts',
  'images verify': 'images/verify.ts',
  'status [pattern]': 'status/status.ts',
  'check [pattern]': 'check/check.ts',
  discover: 'discover/discover.ts',
  'lb status [pattern]': 'lb/status.ts',
  'lb drain <nodes...>': 'lb/drain.ts',
  'lb restore [nodes...]': 'lb/restore.ts',
  'lb doctor': 'lb/doctor.ts',
  'lock show [pattern]': 'lock/show.ts',
  'lock break [pattern]': 'lock/break.ts',
  'runs list': 'runs/list.ts',
  'runs show <run>': 'runs/show.ts',
  'runs gc': 'runs/gc.ts',
  'runs stop <run>': 'runs/stop.ts',
  'inventory list [pattern]': 'inventory.ts',
  'inventory validate': 'inventory.ts',
  'inventory schema': 'inventory.ts',
};

const source = (file: string): string => readFileSync(join(root, 'src/cli', file), 'utf8');

test('each command declares how it excludes other runs', () => {
  // Verbs of a group are in the folder of the group, with paths that begin there.
  const inGroup = (group: string): string =>
    source(`${group}/commands.ts`).replaceAll(`import('./`, `import('./${group}/`);
  const program = [source('program.ts'), ...['lb', 'lock', 'runs'].map(inGroup)].join('\n');
  const groups = [...program.matchAll(/const (\w+) = root\.command\('(\w+)'\)/g)].map(([, name, word]) => [name, word]);
  const found = [...program.matchAll(/\b(\w+)\s*\.command\('([^']+)'\)/g)].flatMap(([, on, words]) => {
    const group = groups.find(([name]) => name === on)?.[1];
    if (on === 'root' && groups.some(([, word]) => word === words)) return [];
    return [group === undefined ? words : `${group} ${words}`];
  });
  expect(found.toSorted()).toEqual(Object.keys(VERBS).toSorted());
  for (const file of Object.values(FILES)) expect(program).toContain(`'./${file}'`);
});

test.each(Object.entries(VERBS))('%s: %s', (verb, does) => {
  const text = source(FILES[verb] as string);
  expect(/\blockScopeOf\(/.test(text)).toBe(does === 'locks');
  expect(/\blocks\?\.take\(/.test(text)).toBe(does === 'locks its hosts alone');
  // Only these run tasks, or write in another way.
  const writes = /runPlays|runOnBalancers|\.run\(|\.writeFile|\.swapFile/.test(text);
  expect(writes).toBe(['locks', 'swaps leases', 'swaps records', 'runs the given playbook or command'].includes(does));
});

test('no other file of the command line opens a session', () => {
  const files = readdirSync(join(root, 'src/cli'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const openers = files.filter((file) => /\bopenSession\(/.test(source(file)) && file !== 'session.ts');
  // `lb drain` and `lb restore` by the first one, `runs list` and `runs show` by the second.
  const known = [...Object.values(FILES), 'lb/run-on-balancers.ts', 'runs/with-hosts.ts'];
  expect(openers.filter((file) => !known.includes(file))).toEqual([]);
});
