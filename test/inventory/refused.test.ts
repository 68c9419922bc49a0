import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { CONTROLS } from '../../src/inventory/schema/load-balancers.ts';

// Each NAME.yaml is refused with exactly the lines of NAME.txt, each preceded by the file's name and ":".
const DIR = join(import.meta.dirname, '../fixtures/inventory/refused');
const files = readdirSync(DIR);
const DRIVERS = [...CONTROLS.keys(), 'none'].join(', ');
const cases = files.filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length));

test('every refused inventory has its expectation, and the other way round', () => {
  expect(files.toSorted()).toEqual(cases.flatMap((name) => [`${name}.txt`, `${name}.yaml`]).toSorted());
});

const env = {
  EMPTY: '',
  SHORT: 'abc',
  BRACES: '{{ vault_token }}',
  VAULT: '$ANSIBLE_VAULT;1.1;AES256\n3065',
  MASKED: '***',
};

test.each(cases)('%s', async (name) => {
  const file = join(DIR, `${name}.yaml`);
  const error = await loadInventory(file, { env }).then(
    () => expect.fail('accepted'),
    (thrown) => thrown,
  );
  if (!(error instanceof OrchError)) throw error;
  const expected = readFileSync(join(DIR, `${name}.txt`), 'utf8')
    .trimEnd()
    .replaceAll('{drivers}', DRIVERS);
  expect(error.message.replaceAll(`${file}:`, '')).toBe(expected);
  expect(error.message.split('\n').every((line) => line.startsWith(`${file}:`))).toBe(true);
  expect(error).toMatchObject({ code: 'INVENTORY_INVALID', hint: expect.stringContaining('inventory validate') });
  expect(`${error.message} ${error.hint} ${error.cause}`).not.toMatch(/secret-pw|secret-token|se.cret/);
});
