import { expect, test } from 'vitest';
import { rollOptions } from '../../../src/cli/run/roll-options.ts';
import { Hosts } from '../../../src/engine/plan/hosts.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { promptWith } from '../../support/ssh/ssh-keys.ts';

const inventory = await loadInventory('inventory.example.yaml', {
  env: { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a-token' },
});

test.each<[readonly string[], boolean]>([
  [['y'], true],
  [[' YES '], true],
  [['n'], false],
  [['No'], false],
  [[''], false],
  [['maybe', 'y'], true],
  [['maybe', 'yess', 'no'], false],
  [['maybe'], false],
])('a question answered with %j: %s, and any other answer is asked again', async (answers, yes) => {
  const { ask, asked } = promptWith(...answers);
  const hosts = new Hosts(() => Promise.reject(new Error('not to be connected to')));
  const options = rollOptions(inventory, { withoutLb: [], onHold: 'ask' }, { hosts, ask, run: 'r' });
  expect(await options.ask?.('gw-1: continue?')).toBe(yes);
  const given = answers.length + (answers.at(-1) === 'maybe' ? 1 : 0);
  expect(asked.map(({ what }) => what)).toEqual([
    'gw-1: continue? [y/N]',
    ...Array(given - 1).fill('please answer yes or no: gw-1: continue? [y/N]'),
  ]);
});
