import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Path } from '../../../src/inventory/problem.ts';
import { positionsOf } from '../../../src/inventory/read/positions.ts';

const SOURCE = `a: 1.10
b: &x {c: !env FOO, d: [1, "2"]}
e: *x
"q k": 'it''s'
f:
n: |
  abc
seq:
  - one
  - k: v\r
    l: w
`;

test.each<[Path, 'key' | 'value', number, number]>([
  [['a'], 'value', 1, 4],
  [['a'], 'key', 1, 1],
  [['b'], 'value', 2, 7],
  [['b', 'c'], 'value', 2, 11],
  [['b', 'd', 1], 'value', 2, 28],
  [['e'], 'value', 3, 4],
  [['e', 'c'], 'value', 3, 1],
  [['q k'], 'key', 4, 1],
  [['q k'], 'value', 4, 8],
  [['f'], 'value', 5, 1],
  [['f', 'missing', 0], 'value', 5, 1],
  [['seq', 0], 'value', 9, 5],
  [['seq', 1, 'k'], 'value', 10, 8],
  [['seq', 1, 'l'], 'key', 11, 5],
  [['seq', 1, 'missing'], 'key', 10, 5],
  [['seq', 7], 'value', 8, 1],
  [['missing'], 'value', 1, 1],
  [[], 'value', 1, 1],
])('%j as a %s is at %i:%i', (path, which, line, col) => {
  expect(positionsOf(SOURCE).at(path, which)).toEqual({ line, col });
});

test('a scalar as written', () => {
  const positions = positionsOf(SOURCE);
  expect([positions.written(['a']), positions.written(['q k']), positions.written(['seq'])]).toEqual([
    '1.10',
    "it's",
    undefined,
  ]);
});

test('every scalar and key of any document is found at its position', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 4 }), (value, indent) => {
      const source = JSON.stringify(value, null, indent);
      const positions = positionsOf(source);
      const lines = source.split('\n');
      const textAt = (path: Path, which: 'key' | 'value'): string => {
        const { line, col } = positions.at(path, which);
        return lines[line - 1]?.slice(col - 1) ?? '';
      };
      const visit = (node: unknown, path: Path): void => {
        if (node === null || typeof node !== 'object') {
          expect(textAt(path, 'value').startsWith(JSON.stringify(node))).toBe(true);
          return;
        }
        for (const [key, item] of Object.entries(node)) {
          const inner = [...path, Array.isArray(node) ? Number(key) : key];
          if (!Array.isArray(node)) expect(textAt(inner, 'key').startsWith(JSON.stringify(key))).toBe(true);
          visit(item, inner);
        }
      };
      visit(value, []);
    }),
  );
});
