import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { gatewayUid, gatewayUidOf } from '../../src/api7/gateway-uid.ts';
import { loadHosts } from '../../src/inventory/load.ts';
import { readYaml } from '../../src/inventory/read/read-yaml.ts';
import { Tagged } from '../../src/inventory/tagged.ts';
import { inventoryText } from '../../src/inventory/write.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

let dir = '';
beforeAll(async () => {
  dir = temporaryDirectory('hosts');
});

const load = async (text: string) => {
  const file = join(dir, 'hosts.yaml');
  await writeFile(file, text);
  return loadHosts(file, { env: { SSH_PASSWORD: 'word-of-ssh' } });
};

const HOSTS = `cluster: prod
ssh: { user: ops, password: !env SSH_PASSWORD }
hosts:
  "0042": { address: 10.0.0.1 }
  gw-1: { address: 10.0.0.2, uid: 2b1f7c1e-59a6-4a33-9d0c-2f6f1c6a9a01 }
groups: { data_plane: { hosts: [gw-1] } }
`;

test('a whole inventory is refused, with what to name instead', async () => {
  await expect(load(`${HOSTS}api7: { version: "3.10.5" }\n`)).rejects.toMatchObject({
    code: 'INVENTORY_INVALID',
    message: expect.stringContaining('unknown key "api7"'),
    hint: expect.stringContaining('cluster, ssh, hosts and groups alone'),
  });
});

test('hosts, groups and ssh are enough', async () => {
  const { cluster, hosts, groups, written } = await load(HOSTS);
  expect(cluster).toBe('prod');
  expect([...hosts.keys()]).toEqual(['0042', 'gw-1']);
  expect(groups.get('data_plane')).toEqual(['gw-1']);
  expect(hosts.get('gw-1')?.ssh).toMatchObject({ user: 'ops', address: '10.0.0.2' });
  // The tag is kept as a tag: its value is not written anywhere.
  expect((written.get('ssh') as ReadonlyMap<string, unknown>).get('password')).toEqual(
    new Tagged('env', 'SSH_PASSWORD'),
  );
});

test.each([
  ['a setting of API7', `${HOSTS}api7: { version: "3.10.5" }\n`, 'unknown key "api7"'],
  ['two hosts at one address', HOSTS.replace('10.0.0.2', '10.0.0.1'), 'has the same address'],
  ['a group of no host', HOSTS.replace('[gw-1]', '[gw-2]'), 'host "gw-2" is not defined'],
  [
    'two gateways of one id',
    HOSTS.replace('10.0.0.1 }', '10.0.0.1, uid: 2B1F7C1E-59a6-4a33-9d0c-2f6f1c6a9a01 }'),
    'has the same uid',
  ],
  ['an id that is none', HOSTS.replace(/uid: \S+/, 'uid: gateway-1 '), 'not a UUID'],
])('%s is refused', async (_what, text, message) => {
  await expect(load(text)).rejects.toThrow(message);
});

test('an id of the inventory takes the place of the one that is made of names', async () => {
  const inventory = await load(HOSTS);
  expect(gatewayUidOf(inventory, 'gw-1')).toBe('2b1f7c1e-59a6-4a33-9d0c-2f6f1c6a9a01');
  expect(gatewayUidOf(inventory, '0042')).toBe(gatewayUid('prod', '0042'));
});

test('what is written is read as the same', async () => {
  const value = {
    version: '3.10',
    token: new Tagged('file', 'secrets/a token'),
    hosts: new Map([['0042', { address: '10.0.0.1' }]]),
    words: ['yes', '!env X', 'a: b # c', 'line\nline\n', '{{ name }}', '', "it's"],
    number: 1.5,
    nothing: {},
  };
  const text = inventoryText([{ key: 'api7', value, comments: ['of\nthe host\u2028: x'] }], ['written by discover']);
  expect(text).toMatch(/^# written by discover\n\n# of the host : x\napi7:\n/);
  const read = readYaml(text);
  const api7 = new Map(
    Object.entries({ ...value, hosts: new Map([['0042', new Map([['address', '10.0.0.1']])]]), nothing: new Map() }),
  );
  expect(read).toEqual({ ok: true, tree: new Map([['api7', api7]]) });
});
