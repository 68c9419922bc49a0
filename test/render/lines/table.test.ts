import { expect, test } from 'vitest';
import { tableLines } from '../../../src/render/lines/table.ts';

const columns = [{ title: 'HOST' }, { title: 'SESSIONS', right: true }, { title: 'HELD BY' }];
const rows = [
  ['gw-1', '0', '-'],
  ['gw-2', '12', 'ops@desk, 4m ago: new disks'],
];
const lines = (width: number) => tableLines(columns, rows, { paint: (_, text) => text, width });

test('a last field that does not fit follows on a line of its own', () => {
  expect(lines(100)).toEqual([
    'HOST  SESSIONS  HELD BY',
    'gw-1         0  -',
    'gw-2        12  ops@desk, 4m ago: new disks',
  ]);
  expect(lines(32).slice(1)).toEqual(['gw-1         0  -', 'gw-2        12', '  held by: ops@desk, 4m ago: ne…']);
});

test('where there is no room for the last column it follows on a line of its own, unless it is empty', () => {
  expect(lines(24)).toEqual(['HOST  SESSIONS', 'gw-1         0', 'gw-2        12', '  held by: ops@desk, 4m…']);
});

test('a text with several lines stays in its column, also where it is the last one that fits', () => {
  const table = tableLines(
    [{ title: 'PLACE' }, { title: 'VALID UNTIL' }],
    [[`\n\n== Gateways: gw-9${'x'.repeat(40)}`, 'May']],
    {
      paint: (_, text) => text,
      width: 40,
    },
  );
  expect(table[1]).toMatch(/^ {2}== Gateways: gw-9x+…$/);
  expect(table[2]).toBe('  valid until: May');
});
