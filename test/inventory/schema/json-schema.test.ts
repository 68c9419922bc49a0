import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inventoryJsonSchema } from '../../../src/inventory/schema/json-schema.ts';

const ROOT = join(import.meta.dirname, '../../..');
const schema = inventoryJsonSchema();

type Node = z.core.JSONSchema.BaseSchema;

function* blocksIn(node: Node, path = ''): Generator<readonly [string, Node]> {
  if (node.properties !== undefined) yield [path, node];
  for (const [key, field] of Object.entries(node.properties ?? {}))
    if (typeof field === 'object') yield* blocksIn(field, `${path}.${key}`);
  for (const option of node.oneOf ?? []) if (typeof option === 'object') yield* blocksIn(option, path);
  if (typeof node.additionalProperties === 'object') yield* blocksIn(node.additionalProperties, `${path}.*`);
}

test('draft 7, every block closed, every field described', () => {
  expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
  const blocks = [...blocksIn(schema)];
  expect(blocks.length).toBeGreaterThan(10);
  for (const [path, block] of blocks) {
    expect([path, block.additionalProperties]).toEqual([path, false]);
    for (const [key, field] of Object.entries(block.properties ?? {}))
      expect([`${path}.${key}`, typeof field === 'object' && field.description]).toEqual([
        `${path}.${key}`,
        expect.stringMatching(/./),
      ]);
  }
});

describe('as an editor applies it', () => {
  const editor = z.fromJSONSchema(schema);
  const source = readFileSync(join(ROOT, 'inventory.example.yaml'), 'utf8');
  // For an editor with the tags configured, a tagged scalar is its bare argument.
  const accepts = (yaml: string): boolean => editor.safeParse(load(yaml.replaceAll(/!(env|file) /g, ''))).success;

  test.each([
    ['the example', (yaml: string) => yaml, true],
    ['!env for a number', (yaml: string) => yaml.replace('user: ops', 'port: !env SSH_PORT'), true],
    ['!env for a choice', (yaml: string) => yaml.replace('become: sudo', 'become: !env BECOME'), true],
    ['!file for a number', (yaml: string) => yaml.replace('nofile: 65536', 'nofile: !file ./nofile'), true],
    ['a misspelt key', (yaml: string) => yaml.replace('user: ops', 'usr: ops'), false],
    ['a misspelt choice', (yaml: string) => yaml.replace('become: sudo', 'become: sud'), false],
    ['a number in quotes', (yaml: string) => yaml.replace('nofile: 65536', 'nofile: "65536"'), false],
    ['an unquoted version', (yaml: string) => yaml.replace('"3.10.5"', '3.10'), false],
    ['an unknown driver', (yaml: string) => yaml.replace('driver: haproxy', 'driver: ha'), false],
    ['a missing block', (yaml: string) => yaml.replace('cluster: prod', ''), false],
  ])('%s', (_name, change, accepted) => {
    expect(accepts(change(source))).toBe(accepted);
  });
});
