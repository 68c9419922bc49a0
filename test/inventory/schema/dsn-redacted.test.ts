import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { redact } from '../../../src/core/base/redact.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

test('the password inside a given DSN is masked where it appears alone', async () => {
  const directory = temporaryDirectory('dsn');
  const example = await readFile(new URL('../../../inventory.example.yaml', import.meta.url), 'utf8');
  const file = join(directory, 'inventory.yaml');
  await writeFile(file, example.replace(/ {2}database:\n(?: {4}.*\n)+/, '  database: { dsn: !env THE_DSN }\n'));
  const env = { THE_DSN: 'postgres://u:odd%2Fpass%40word@db/api7ee', API7_GATEWAY_TOKEN: 'token-1' };
  await loadInventory(file, { env });
  expect(redact('login failed: odd/pass@word or odd%2Fpass%40word')).toBe('login failed: *** or ***');
});
