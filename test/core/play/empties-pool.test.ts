import { expect, test } from 'vitest';
import { emptiesPool } from '../../../src/core/play/empties-pool.ts';

interface Case {
  readonly serve: readonly string[];
  readonly takeOver?: readonly string[];
  readonly leave: readonly string[];
  readonly atOnce?: number;
}

test.each<[string, Case, boolean]>([
  ['all leave', { serve: ['a', 'b'], leave: ['a', 'b'] }, true],
  ['all leave, one after another', { serve: ['a', 'b'], leave: ['a', 'b'], atOnce: 1 }, false],
  ['the last serving node leaves', { serve: ['a'], leave: ['a'], atOnce: 1 }, true],
  ['a serving one stays', { serve: ['a', 'b'], leave: ['a'] }, false],
  ['a serving one stays, but accepts no more', { serve: ['a', 'b'], takeOver: [], leave: ['a'] }, true],
  ['a leaving node serves no client', { serve: [], leave: ['a'] }, false],
  ['no node leaves', { serve: [], leave: [] }, false],
])('%s', (_, { serve, takeOver = serve, leave, atOnce }, empties) => {
  const how = {
    leaves: (node: string) => leave.includes(node),
    serves: (node: string) => serve.includes(node),
    takesOver: (node: string) => takeOver.includes(node),
  };
  expect(emptiesPool(['a', 'b'], atOnce === undefined ? how : { ...how, atOnce })).toBe(empties);
});
