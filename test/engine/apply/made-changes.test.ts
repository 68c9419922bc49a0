import { expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import { MadeChanges } from '../../../src/engine/apply/made-changes.ts';

const failed = (nothingChanged = false): OrchError => new OrchError('DOCKER_FAILED', 'it fails', { nothingChanged });
const good = async (): Promise<void> => undefined;
const refuses = (): Promise<void> => Promise.reject(failed());

type Write = Parameters<MadeChanges['during']>[2];

const stops: Write = async (aboutToStop) => await aboutToStop();
const thenFails: Write = async (aboutToStop) => {
  await aboutToStop();
  throw failed();
};

test.each<[string, boolean, () => Promise<void>, Write, Pick<MadeChanges, 'touched' | 'disturbed'>]>([
  ['that interrupts nothing', false, good, good, { touched: true, disturbed: false }],
  ['that is made', true, good, stops, { touched: true, disturbed: true }],
  ['whose stop is refused', true, refuses, stops, { touched: true, disturbed: false }],
  ['that fails after it was allowed to stop', true, good, thenFails, { touched: true, disturbed: true }],
  ['that fails without a question', true, good, () => Promise.reject(failed()), { touched: true, disturbed: true }],
  [
    'that fails and changed nothing',
    true,
    good,
    () => Promise.reject(failed(true)),
    { touched: false, disturbed: false },
  ],
])('a write %s', async (_, isDisruptive, aboutToStop, write, expected) => {
  const made = new MadeChanges();
  await made.during(isDisruptive, aboutToStop, write).catch(() => undefined);
  expect({ touched: made.touched, disturbed: made.disturbed }).toEqual(expected);
});

test('a refused stop does not undo the disturbance by an earlier write', async () => {
  const made = new MadeChanges();
  await made.during(true, good, stops);
  await made.during(true, refuses, stops).catch(() => undefined);
  expect(made.disturbed).toBe(true);
});
