import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { beforeAll, expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

let dir = '';
beforeAll(async () => {
  dir = temporaryDirectory('inventory');
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const pathsIn = (value: Json): string[][] => {
  if (value === null || typeof value !== 'object') return [[]];
  return [[], ...Object.entries(value).flatMap(([key, item]) => pathsIn(item).map((path) => [key, ...path]))];
};

/** The tree with the value at the path replaced, or removed without a replacement. */
const altered = (value: Json, path: readonly string[], replacement: Json | undefined): Json => {
  const [step, ...rest] = path;
  if (step === undefined) return replacement ?? null;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).flatMap(([key, item]): [string, Json][] => {
    if (key !== step) return [[key, item]];
    return rest.length === 0 && replacement === undefined ? [] : [[key, altered(item, rest, replacement)]];
  });
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
};

test('with any value anywhere in it, an inventory loads or is refused with positions; nothing else is thrown', async () => {
  const source = await readFile(join(import.meta.dirname, '../../inventory.example.yaml'), 'utf8');
  const tree = load(source.replaceAll(/!env \w+/g, 'text')) as Json;
  const paths = pathsIn(tree);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.option(
        fc.oneof(
          fc.jsonValue().map((value) => value as Json),
          fc.constantFrom('all', 'gw-1', '!x', '[', '*'),
        ),
        {
          nil: undefined,
        },
      ),
      async (path, replacement) => {
        const file = join(dir, 'inventory.yaml');
        await writeFile(file, JSON.stringify(altered(tree, path, replacement)));
        const error = await loadInventory(file, { env: {} }).then(
          () => undefined,
          (thrown) => thrown,
        );
        if (error === undefined) return;
        refused++;
        if (!(error instanceof OrchError) || error.code !== 'INVENTORY_INVALID') throw error;
        for (const line of error.message.split('\n')) expect(line).toMatch(/^.*inventory\.yaml:\d+:\d+: /);
      },
    ),
    { numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(50);
}, 60_000);
