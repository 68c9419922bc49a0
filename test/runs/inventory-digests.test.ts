import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { loadInventory } from '../../src/inventory/load.ts';
import { driftOf } from '../../src/runs/drift.ts';
import { inventoryDigests } from '../../src/runs/inventory-digests.ts';
import { hostsWithRecords } from '../../src/runs/record-hosts.ts';
import { INVENTORY } from '../cli/lb/scene.ts';
import { inDirectory } from '../support/base/in-directory.ts';

const load = (text: string) =>
  inDirectory(async (path) => {
    await writeFile(path('prod.yaml'), text);
    return await loadInventory(path('prod.yaml'), { env: {} });
  });
const digests = async (text: string) => inventoryDigests(await load(text));
const program = { version: '0.1.0', playbook: 'd' };
const drift = async (text: string): Promise<readonly string[]> =>
  driftOf({ program, inventory: await digests(INVENTORY) }, { program, inventory: await digests(text) });

test.each<[string, string, string, readonly string[]]>([
  ['the version', 'version: "3.10.5"', 'version: "3.10.6"', ['api7.version']],
  ['an address', '10.0.2.21', '10.0.2.99', ['hosts.gw-1']],
  ['a variable of a host', 'address: 10.0.2.21', 'address: 10.0.2.21, vars: { rack: 7 }', ['hosts.gw-1']],
  ['a setting of the gateways', 'gateway: {', 'gateway: { env: { TZ: UTC },', ['api7.gateway']],
  ['a pool', 'longest_request: 5s', 'longest_request: 6s', ['load_balancers.gateways']],
  ['a password', 'some-password', 'other-password', []],
  ['how a host is reached', 'address: 10.0.2.21', 'address: 10.0.2.21, user: me, port: 2222', []],
])('a change of %s', async (_, from, to, parts) => {
  expect(INVENTORY).toContain(from);
  expect(await drift(INVENTORY.replace(from, to))).toEqual(parts);
});

test('packages have other paths on another machine', async () => {
  const at = (folder: string): string =>
    INVENTORY.replace(
      '  database:',
      `  package: { control_plane: ${folder}/cp.tar.gz, data_plane: ${folder}/dp.tar.gz }\n  database:`,
    );
  const of = async (text: string) => ({ program, inventory: await digests(text) });
  const was = await of(at('../downloads'));
  expect(driftOf(was, await of(at('/srv/packages')))).toEqual([]);
  expect(driftOf(was, await of(at('packages')))).toEqual([]);
  expect(driftOf(was, await of(at('../downloads').replace('dp.tar.gz', 'dp-2.tar.gz')))).toEqual(['api7.package']);
});

test('hosts are added and removed by name', async () => {
  const more = INVENTORY.replace('  gw-2:', '  gw-3: { address: 10.0.2.23 }\n  gw-2:').replace('gw-2]', 'gw-2, gw-3]');
  expect(await drift(more)).toEqual(
    expect.arrayContaining(['hosts.gw-3 (new)', 'groups.data_plane', 'load_balancers.gateways']),
  );
});

test('records are on balancers, and on hosts that have none', async () => {
  const inventory = await load(INVENTORY);
  expect(hostsWithRecords(inventory)).toEqual(['lb-1', 'lb-2', 'cp-1', 'cp-2']);
  expect(hostsWithRecords(inventory, ['lb-2'])).toEqual(['lb-1', 'cp-1', 'cp-2']);
  expect(hostsWithRecords(inventory, ['lb-1', 'lb-2'])).toEqual(['cp-1', 'cp-2', 'gw-1', 'gw-2']);
});
