import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadInventory } from '../../src/inventory/load.ts';
import { matchPattern } from '../../src/inventory/pattern.ts';
import { selectHosts } from '../../src/inventory/select.ts';

const inventory = await loadInventory(join(import.meta.dirname, '../../inventory.example.yaml'), {
  env: { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a-token' },
});
const ALL = 'cp-1 cp-2 gw-1 gw-2 gw-3 lb-1 lb-2';

test.each([
  ['all', ALL],
  ['*', ALL],
  ['gw-2', 'gw-2'],
  ['control_plane', 'cp-1 cp-2'],
  ['api7', 'cp-1 cp-2 gw-1 gw-2 gw-3'],
  // unions, in inventory order for any order of the terms
  ['gw-3,cp-1', 'cp-1 gw-3'],
  ['load_balancer:control_plane', 'cp-1 cp-2 lb-1 lb-2'],
  [' gw-1 , gw-2 ,', 'gw-1 gw-2'],
  // exclusions and intersections count after all unions, at any position
  ['data_plane:!gw-3', 'gw-1 gw-2'],
  ['!gw-3:data_plane', 'gw-1 gw-2'],
  ['!data_plane', 'cp-1 cp-2 lb-1 lb-2'],
  ['data_plane:&zone_b', 'gw-2 gw-3'],
  ['&zone_b', 'cp-2 gw-2 gw-3 lb-2'],
  ['control_plane:data_plane:&zone_b:!gw-3', 'cp-2 gw-2'],
  ['all,!load_balancer,&zone_b', 'cp-2 gw-2 gw-3'],
  // globs, over hosts and groups
  ['gw-*', 'gw-1 gw-2 gw-3'],
  ['?p-1', 'cp-1'],
  ['*_plane', 'cp-1 cp-2 gw-1 gw-2 gw-3'],
  ['gw-[13]', 'gw-1 gw-3'],
  ['gw-[!13]', 'gw-2'],
  ['[gl]?-[1-2]', 'gw-1 gw-2 lb-1 lb-2'],
  ['*:!*-1', 'cp-2 gw-2 gw-3 lb-2'],
  // indexes and slices; the end of a slice is included
  ['control_plane[0]', 'cp-1'],
  ['data_plane[-1]', 'gw-3'],
  ['data_plane[-3]', 'gw-1'],
  ['data_plane[0:1]', 'gw-1 gw-2'],
  ['data_plane[0-1]', 'gw-1 gw-2'],
  ['data_plane[1:]', 'gw-2 gw-3'],
  ['data_plane[:1]', 'gw-1 gw-2'],
  ['data_plane[0:2]', 'gw-1 gw-2 gw-3'],
  ['data_plane[1:99]', 'gw-2 gw-3'],
  ['all[0],gw-*[-1]', 'cp-1 gw-3'],
  ['data_plane:!data_plane[0]', 'gw-2 gw-3'],
  // regular expressions from the start of the name, over hosts and groups
  ['~gw-[13]', 'gw-1 gw-3'],
  ['~(gw|lb)-\\d$', 'gw-1 gw-2 gw-3 lb-1 lb-2'],
  ['~(?:gw|lb)-\\d{1,2},cp-1', 'cp-1 gw-1 gw-2 gw-3 lb-1 lb-2'],
  ['~.*_plane$', 'cp-1 cp-2 gw-1 gw-2 gw-3'],
  ['~zone_[b:c]', 'cp-2 gw-2 gw-3 lb-2'],
  ['~gw-:!~.*[23]$', 'gw-1'],
  ['all:&~[cg].-:!cp-1', 'cp-2 gw-1 gw-2 gw-3'],
  // no index: the brackets are the expression's own
  ['~.*-[1]', 'cp-1 gw-1 lb-1'],
])('%s', (pattern, hosts) => {
  expect(selectHosts(inventory, pattern).map(({ name }) => name)).toEqual(hosts.split(' '));
});

test.each([
  [
    'gw-9',
    'NO_HOSTS_MATCHED',
    '"gw-9" is no host or group, in pattern "gw-9"',
    'did you mean "gw-1"? hosts: cp-1, cp-2',
  ],
  ['dataplane', 'NO_HOSTS_MATCHED', '"dataplane" is no host or group', 'did you mean "data_plane"?'],
  ['all:!gw-9', 'NO_HOSTS_MATCHED', '"gw-9" is no host or group, in pattern "all:!gw-9"', 'groups: control_plane'],
  ['db-*', 'NO_HOSTS_MATCHED', '"db-*" is no host or group', 'hosts: cp-1'],
  ['gw-1:!gw-1', 'NO_HOSTS_MATCHED', 'pattern "gw-1:!gw-1" leaves no host', 'hosts: cp-1'],
  ['control_plane:&data_plane', 'NO_HOSTS_MATCHED', 'leaves no host', 'hosts: cp-1'],
  [
    'control_plane[2]',
    'NO_HOSTS_MATCHED',
    '"control_plane[2]" is out of range: "control_plane" has 2 hosts',
    'cp-1, cp-2',
  ],
  ['control_plane[-3]', 'NO_HOSTS_MATCHED', 'out of range', 'cp-1, cp-2'],
  ['data_plane[2:1]', 'NO_HOSTS_MATCHED', 'out of range', 'gw-1'],
  ['data_plane[:]', 'PATTERN_INVALID', '"[:]" in "data_plane[:]" is not an index or a range', 'both ends included'],
  ['data_plane[-2:]', 'PATTERN_INVALID', '"[-2:]" in "data_plane[-2:]"', 'both ends included'],
  ['gw-[3-1]*', 'PATTERN_INVALID', '"gw-[3-1]*" is not a pattern', '[1-3]'],
  // from the start of the name only
  ['~w-1', 'NO_HOSTS_MATCHED', '"~w-1" is no host or group', 'hosts: cp-1'],
  ['~gw-(', 'PATTERN_INVALID', '"~gw-(" is not a regular expression (Unterminated group)', '~gw-[13]$'],
  ['all:!~', 'PATTERN_INVALID', '"~" is empty', '~gw-[13]$'],
  [`~${'a'.repeat(201)}`, 'PATTERN_INVALID', 'has more than 200 characters', '~gw-[13]$'],
  ['', 'PATTERN_INVALID', 'the host pattern is empty', 'all'],
  [' , ', 'PATTERN_INVALID', 'the host pattern is empty', 'all'],
])('%j is refused with %s', (pattern, code, message, hint) => {
  expect(() => selectHosts(inventory, pattern)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message), hint: expect.stringContaining(hint) }),
  );
});

test('an expression that would backtrack for hours is refused within seconds', () => {
  const names = { hosts: [`${'a'.repeat(60)}b`], groups: new Map() };
  const began = performance.now();
  expect(() => matchPattern(names, '~(a+)+$')).toThrow(
    expect.objectContaining({ code: 'PATTERN_INVALID', message: expect.stringContaining('takes too long') }),
  );
  expect(performance.now() - began).toBeLessThan(5000);
});
