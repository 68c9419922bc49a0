import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemaFile } from '../../../scripts/inventory-page.ts';
import { inventoryJsonSchema } from '../../../src/inventory/schema/json-schema.ts';

test('inventory.schema.json matches the program: npm run inventory-page writes it', () => {
  const file = readFileSync(new URL('../../../inventory.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(file)).toEqual(inventoryJsonSchema());
  expect(schemaFile()).toBe(file);
});
