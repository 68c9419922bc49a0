import { readFileSync, writeFileSync } from 'node:fs';
import { inventoryJsonSchema } from '../src/inventory/schema/json-schema.ts';
import { inventoryReference } from './inventory-reference.ts';
import { withSection } from './page-section.ts';

const PAGE = new URL('../docs/inventory.md', import.meta.url);
const SCHEMA = new URL('../inventory.schema.json', import.meta.url);
const BEGIN = '<!-- fields: npm run inventory-page -->\n';
const END = '<!-- end of fields -->\n';

/** The page with the table of all fields. */
export const withFields = (page: string): string => withSection(page, BEGIN, END, `${inventoryReference()}\n`);

/** The schema for editors, as `api7-orch inventory schema` prints it. */
export const schemaFile = (): string => `${JSON.stringify(inventoryJsonSchema(), null, 2)}\n`;

if (import.meta.main) {
  writeFileSync(PAGE, withFields(readFileSync(PAGE, 'utf8')));
  writeFileSync(SCHEMA, schemaFile());
}
