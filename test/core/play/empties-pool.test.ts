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
  ['the last that serves leaves', { serve: ['a'], leave: ['a'], atOnce: 1 }, true],
  ['one stays that serves', { serve: ['a', 'b'], leave: ['a'] }, false],
  ['one stays that serves, but takes no more', { serve: ['a', 'b'], takeOver: [], leave: ['a'] }, true],
  ['who leaves serves nobody', { serve: [], leave: ['a'] }, false],
  ['nobody leaves', { serve: [], leave: [] }, false],
])('%s', (_, { serve, takeOver = serve, leave, atOnce }, empties) => {
  const how = {
    leaves: (node: string) => leave.includes(node),
    serves: (node: string) => serve.includes(node),
    takesOver: (node: string) => takeOver.includes(node),
  };
  expect(emptiesPool(['a', 'b'], atOnce === undefined ? how : { ...how, atOnce })).toBe(empties);
});
