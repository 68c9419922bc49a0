import { expect, test } from 'vitest';
import { momentAt } from '../lab/cluster/kill-moment.ts';

const ENDS = [100, 200, 200, 400];

test.each([
  { share: 0, moment: { tasks: 0, ms: 0 } },
  { share: 0.2, moment: { tasks: 0, ms: 80 } },
  { share: 0.25, moment: { tasks: 1, ms: 0 } },
  { share: 0.45, moment: { tasks: 1, ms: 80 } },
  { share: 0.75, moment: { tasks: 3, ms: 100 } },
])('share $share of an install is after $moment.tasks tasks and $moment.ms ms', ({ share, moment }) => {
  expect(momentAt(share, ENDS)).toEqual(moment);
});
