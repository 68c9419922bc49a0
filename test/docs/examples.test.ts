import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { JSON_SCHEMA, load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { loadHosts, loadInventory } from '../../src/inventory/load.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { blocksOf, PAGES, placeOf } from './pages.ts';

const certificates = new URL('../fixtures/inventory/', import.meta.url);
const blocks = PAGES.flatMap(blocksOf);
const ofLanguage = (language: string) => blocks.filter((block) => block.language === language);

const folder = temporaryDirectory('docs');

/** Loads an inventory whose `!env` and `!file` values all exist. */
async function loaded(yaml: string) {
  for (const [, path = ''] of yaml.matchAll(/!file ([\w./-]+)/g)) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), await contentOf(path));
  }
  const names = [...yaml.matchAll(/!env (\w+)/g)].map(([, name = '']) => name);
  await writeFile(join(folder, 'prod.yaml'), yaml);
  return loadInventory(join(folder, 'prod.yaml'), {
    env: Object.fromEntries(names.map((name) => [name, 'a-secret-9'])),
  });
}

/** Loads what discovery begins with. */
async function loadedHosts(yaml: string) {
  await writeFile(join(folder, 'hosts.yaml'), yaml);
  return loadHosts(join(folder, 'hosts.yaml'));
}

const contentOf = (path: string): Promise<string> | string =>
  path.endsWith('.key')
    ? readFile(new URL('gateway.key', certificates), 'utf8')
    : /\.(crt|pem)$/.test(path)
      ? readFile(new URL('gateway.crt', certificates), 'utf8')
      : 'a-secret-9\n';

/** The first inventory of docs/inventory.md, with more hosts, to which each fragment is added. */
const BASE = `
cluster: prod
ssh: { user: ops }
hosts:
  cp-1: { address: 10.0.1.11 }
  gw-1: { address: 10.0.2.21 }
  edge-1: { address: 10.0.2.31 }
groups:
  control_plane: { hosts: [cp-1] }
  data_plane: { hosts: [gw-1, edge-1] }
  edge: { hosts: [edge-1] }
`;
const API7: Readonly<Record<string, string>> = {
  version: '  version: "3.10.5"\n',
  database: '  database: { host: db.internal, user: api7ee, password: !env API7_DB_PASSWORD, sslmode: require }\n',
  gateway: '  gateway: { endpoints: ["http://10.0.0.10:17900"], token: !env TOKEN }\n',
};

/** An inventory that has the fragment: \`api7\` as its mark places it below that key. */
function withFragment(code: string, below: string | undefined): string {
  const ofApi7 = below === 'api7' ? code : (/^api7:\n([\s\S]*?)(?=^\S|$(?![\s\S]))/m.exec(code)?.[1] ?? '');
  const rest = below === 'api7' ? '' : code.replace(/^api7:\n([\s\S]*?)(?=^\S|$(?![\s\S]))/m, '');
  const indented = below === 'api7' ? ofApi7.replace(/^(?=.)/gm, '  ') : ofApi7;
  const api7 = Object.entries(API7).filter(([key]) => !new RegExp(`^  ${key}:`, 'm').test(indented));
  const gateway = /gateway:\n/.test(indented)
    ? indented.replace('gateway:\n', `gateway:\n    endpoints: ["http://10.0.0.10:17900"]\n    token: !env TOKEN\n`)
    : indented;
  return `${BASE}${rest}api7:\n${api7.map(([, line]) => line).join('')}${gateway}`;
}

describe('YAML', () => {
  test.each(ofLanguage('yaml').map((block) => [placeOf(block), block] as const))(
    '%s loads as an inventory',
    async (_, block) => {
      const [kind, below] = block.mark?.split(': ') ?? [];
      expect(
        /^cluster:/m.test(block.code) || kind === 'fragment',
        'a whole inventory, or <!-- fragment --> above it',
      ).toBe(true);
      const yaml = kind === 'fragment' ? withFragment(block.code, below) : block.code;
      const inventory = kind === 'hosts' ? await loadedHosts(yaml) : await loaded(yaml);
      expect(inventory.hosts.size).toBeGreaterThan(0);
    },
  );

  test('the pages have inventories', () => {
    expect(ofLanguage('yaml').length).toBeGreaterThan(8);
  });
});

test.each(ofLanguage('json').map((block) => [placeOf(block), block.code]))('%s is JSON', (_, code) => {
  expect(JSON.parse(code)).toBeTypeOf('object');
});

test.each(ofLanguage('jsonc').map((block) => [placeOf(block), block.code]))('%s is JSON with comments', (_, code) => {
  expect(load(code.replace(/(?<=^|\s)\/\/.*$/gm, ''), { schema: JSON_SCHEMA })).toBeTypeOf('object');
});

test.each(ofLanguage('ts').map((block) => [placeOf(block), block.code]))('%s is TypeScript', (_, code) => {
  // A part of a program may yield: it is the inside of a generator.
  const whole = /^(import|export) /m.test(code) ? code : `async function* part() {\n${code}\n}`;
  expect(() => stripTypeScriptTypes(whole)).not.toThrow();
});

test('each code block names its language', () => {
  expect(blocks.filter(({ language }) => language === '').map(placeOf)).toEqual([]);
});
