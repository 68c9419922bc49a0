import { expect, test } from 'vitest';
import { sharePerTick } from '../../../src/core/base/share-per-tick.ts';

const counted = () => {
  let asked = 0;
  const ask = sharePerTick<number>();
  return (key: string, answer: (turn: number) => Promise<number> = async (turn) => turn) =>
    ask(key, () => answer(++asked));
};

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('equal requests of one tick are sent once, by key', async () => {
  const ask = counted();
  expect(await Promise.all([ask('a'), ask('b'), ask('a')])).toEqual([1, 2, 1]);
});

test('a pending reply does not serve a later tick', async () => {
  const ask = counted();
  const slow = async (turn: number) => {
    await tick();
    await tick();
    return turn;
  };
  const first = ask('a', slow);
  await tick();
  expect(await Promise.all([first, ask('a', slow)])).toEqual([1, 2]);
});

test('a finished request is sent again, even in the same tick; so is a failed one', async () => {
  const ask = counted();
  expect([await ask('a'), await ask('a')]).toEqual([1, 2]);
  await expect(ask('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await ask('a')).toBe(4);
});
