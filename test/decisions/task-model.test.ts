import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import type { Steps } from '../../src/core/task/task.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';
import { answered, note, process_ } from '../support/cluster/toy-tasks.ts';

const ROOT = { mode: '0644', owner: 'root', group: 'root' };

/** The program of the document's table: an engine, a config, a process started from it, a gate. */
const program = (config: string) =>
  onePlay(function* (): Steps {
    yield note({ path: '/engine', content: 'x' });
    const conf = note({ path: '/etc/conf', content: config });
    yield conf;
    yield process_({ name: 'app', restartOn: [conf] });
    yield answered({ path: '/answer' });
  });

const bare = (): FakeHost => {
  const host = new FakeHost({ name: 'h1' });
  for (const path of ['/etc', '/run']) host.files.makeDirectory(path, { ...ROOT, mode: '0755' });
  // Every started process responds.
  host.onWrite = (moment) => {
    if (moment === 'after' && host.files.has('/run/app')) host.files.write('/answer', Buffer.from('yes'), ROOT);
  };
  return host;
};

const installed = async (config = 'a'): Promise<FakeHost> => {
  const host = bare();
  await runPlays([host], program(config));
  return host;
};

const SITUATIONS: Readonly<Record<string, { readonly make: () => Promise<FakeHost>; readonly config?: string }>> = {
  'nothing exists yet': { make: async () => bare() },
  'everything is up to date': { make: installed },
  'the config changes': { make: installed, config: 'b' },
  'the config was edited externally': {
    make: async () => {
      const host = await installed();
      host.files.write('/etc/conf', Buffer.from('by hand'), ROOT);
      return host;
    },
  },
  'the process does not exist': {
    make: async () => {
      const host = await installed();
      host.files.remove('/run/app');
      return host;
    },
  },
  'crashed after the config was written': {
    make: async () => {
      const host = await installed();
      host.files.write('/etc/conf', Buffer.from('b'), ROOT);
      return host;
    },
    config: 'b',
  },
  'the gate is not met, nothing else differs': {
    make: async () => {
      const host = await installed();
      host.files.write('/answer', Buffer.from('no'), ROOT);
      return host;
    },
  },
  'the engine cannot be read': {
    make: async () => {
      const host = await installed();
      host.sha256 = async () => {
        throw new OrchError('PERMISSION_DENIED', 'not allowed');
      };
      return host;
    },
  },
};

const table = readFileSync(new URL('../../docs/decisions/001-task-model.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| situation'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, situation = '', check = '', apply = '']) => ({ situation, check, apply }));

test('every row of the table is run, and every situation is in the table', () => {
  expect(table.map(({ situation }) => situation)).toEqual(Object.keys(SITUATIONS));
});

test.each(table)('$situation', async ({ situation, check, apply }) => {
  const { make, config = 'a' } = SITUATIONS[situation] as (typeof SITUATIONS)[string] & object;
  const statuses = (rows: readonly string[]): string => rows.map((row) => row.split(' ')[0]).join(', ');
  const looked = await make();
  const before = JSON.stringify(looked.snapshot());
  expect(statuses((await runPlays([looked], program(config), { check: true })).rows)).toBe(check);
  expect(JSON.stringify(looked.snapshot())).toBe(before);
  expect(statuses((await runPlays([await make()], program(config))).rows)).toBe(apply);
});
