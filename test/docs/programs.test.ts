import { afterAll, describe, expect, test } from 'vitest';
import { play } from '../../src/core/play/play.ts';
import type { Playbook } from '../../src/core/play/playbook.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { runPlays } from '../support/cluster/run-fake.ts';
import { moduleFolder, moduleWith } from './modules.ts';

const folder = moduleFolder('docs-examples');
afterAll(() => folder[Symbol.dispose]());

/** The module of a page that contains `text`. */
async function moduleOf(page: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  // The hosts of a test run belong to no group.
  const code = moduleWith(page, text).code.replace("hosts: 'data_plane'", "hosts: 'all'");
  return import(folder.write(`${text}.ts`, code));
}

async function gateway(): Promise<FakeHost> {
  const host = new FakeHost({
    name: 'gw-1',
    http: () => ({ status: 200, body: '' }),
    command: () => ({ code: 0 }),
  });
  await host.makeDirectory('/etc', { mode: '0755', owner: 'root', group: 'root' });
  return host;
}

test('the playbook of docs/playbooks.md changes a host once', async () => {
  const playbook = (await moduleOf('docs/playbooks.md', 'motd')).default as Playbook;
  const context = { inventory: { cluster: 'prod' }, vars: playbook.vars?.parse({ greeting: 'Hello' }) };
  const host = await gateway();
  expect((await runPlays([host], () => playbook.plays(context))).rows.map((row) => row.split(' ')[0])).toEqual([
    'changed',
    'changed',
    'ok',
  ]);
  expect(String(await host.read('/etc/motd.d/api7'))).toBe('Hello to gw-1 of prod\n');
  expect((await runPlays([host], () => playbook.plays(context))).rows.map((row) => row.split(' ')[0])).toEqual([
    'ok',
    'ok',
    'ok',
  ]);
});

describe('docs/writing-a-task-type.md', () => {
  const page = 'docs/writing-a-task-type.md';

  test('its task changes a host once', async () => {
    const { timeZone } = await moduleOf(page, 'timeZone');
    const program = function* () {
      yield* play({
        name: 'Zone',
        hosts: 'all',
        *tasks() {
          yield (timeZone as (params: object) => never)({ zone: 'UTC' });
        },
      });
    };
    const host = await gateway();
    expect((await runPlays([host], program)).rows[0]).toMatch(/^changed /);
    expect(String(await host.read('/etc/timezone'))).toBe('UTC\n');
    expect((await runPlays([host], program)).rows[0]).toMatch(/^ok /);
  });

  test('its gate fails with its own error, or is met', async () => {
    const { fileThere } = await moduleOf(page, 'fileThere');
    const program = function* () {
      yield* play({
        name: 'Wait',
        hosts: 'all',
        *tasks() {
          yield (fileThere as (params: object) => never)({ path: '/etc/done' });
        },
      });
    };
    const host = await gateway();
    expect((await runPlays([host], program)).rows[0]).toMatch(/^failed /);
    await host.writeFile('/etc/done', '', { mode: '0644', owner: 'root', group: 'root' });
    expect((await runPlays([host], program)).rows[0]).toMatch(/^ok /);
  });

  test('its query is a query of this version', async () => {
    const { kernel } = await moduleOf(page, 'kernel');
    expect((kernel as (params: object) => object)({})).toBeTypeOf('object');
  });
});
