import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inventoryJsonSchema } from '../../../src/inventory/schema/json-schema.ts';

test('inventory.schema.json matches the program: api7-orch inventory schema > inventory.schema.json', () => {
  const file = readFileSync(new URL('../../../inventory.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(file)).toEqual(inventoryJsonSchema());
});
