import { expect, test } from 'vitest';
import type { Data } from '../../../src/core/base/data.ts';
import { diff } from '../../../src/core/task/diff.ts';

test.each<[string, Data, Data, readonly string[]]>([
  ['equal states', { a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 }, []],
  ['a field', { mode: '0640' }, { mode: '0600' }, ['mode']],
  ['a field inside', { env: { A: '1', B: '2' } }, { env: { A: '1', B: '3' } }, ['env.B']],
  ['a field that is gone', { a: 1, b: 2 }, { a: 1 }, ['b']],
  ['the order of a list', { ports: [1, 2] }, { ports: [2, 1] }, ['ports']],
  ['nothing there before', null, { a: 1, b: 2 }, ['a', 'b']],
  ['nothing wanted after', { a: 1 }, null, ['a']],
  ['an empty record for nothing', null, {}, ['']],
  ['null is not absent inside a record, but means the same', { a: null }, {}, []],
])('%s', (_name, before, after, paths) => {
  expect(diff(before, after).map(({ path }) => path)).toEqual(paths);
});
