import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withFields } from '../../scripts/inventory-page.ts';
import { inventoryReference } from '../../scripts/inventory-reference.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/inventory.md'), 'utf8');

test('the page has all fields of the schema: npm run inventory-page writes them', () => {
  expect(page).toContain(inventoryReference());
  expect(withFields(page)).toBe(page);
});

test('the errors shown are the real ones', async () => {
  const dir = join(import.meta.dirname, '../fixtures/inventory/docs');
  const error = await loadInventory(join(dir, 'prod.yaml'), { env: {} }).then(
    () => expect.fail('accepted'),
    (thrown: Error) => thrown,
  );
  expect(page).toContain(`\`\`\`text\n${error.message.replaceAll(`${dir}/`, '')}\n\`\`\``);
});

test('the first inventory of the page loads', async () => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(page) ?? expect.fail('no YAML on the page');
  const dir = temporaryDirectory('inventory');
  await mkdir(join(dir, 'secrets'));
  await writeFile(join(dir, 'secrets/gateway-token'), 'a-token\n');
  await writeFile(join(dir, 'prod.yaml'), yaml ?? '');
  const inventory = await loadInventory(join(dir, 'prod.yaml'), { env: { API7_DB_PASSWORD: 'some-password' } });
  expect(inventory.hosts.size).toBe(5);
});
