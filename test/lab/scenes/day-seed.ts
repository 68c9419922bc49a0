import { all } from '../all.ts';

/**
 * Names the seed of a day, `day:20261129` (UTC). Tests that draw moments draw new ones every day and print the seed. A day in the
 * variable API7_ORCH_SEED repeats the moments of that day; the variable's other forms select other tests.
 * @example daySeed('day:20261129') // 'day:20261129'
 */
export function daySeed(text = process.env.API7_ORCH_SEED, now = new Date()): string {
  if (text !== undefined && /^day:\d{8}$/.test(text)) return text;
  return `day:${now.toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** Numbers from 0 up to 1 that the day alone decides. @example const random = randomOfDay('day:20261129'); random() */
export const randomOfDay = (seed: string): (() => number) => randomOf(Number(seed.slice('day:'.length)));

/**
 * What `npm test` shows of many cases that are alike: every nth of them, the first drawn by the day, so that every case has its day.
 * `npm run test:all` shows all of them.
 * @example test.each(everyNth(4, cases))('…', …)
 */
export function everyNth<T>(n: number, cases: readonly T[], random = randomOfDay(daySeed())): readonly T[] {
  const first = Math.floor(random() * Math.min(n, cases.length));
  return all ? cases : cases.filter((_, index) => index % n === first);
}

/** Consecutive numbers: of the writes, half writes or events at which something happens. @example momentsOf(3, 10) // [10, 11, 12] */
export const momentsOf = (count: number, from = 0): readonly number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/** At most so many of the numbers below `count`, spread from the first to the last. @example spreadOver(9, 3) // [0, 4, 8] */
export const spreadOver = (count: number, most: number): readonly number[] => [
  ...new Set(Array.from({ length: most }, (_, at) => Math.round((at * (count - 1)) / (most - 1)))),
];

/** Numbers from 0 up to 1 that the seed alone decides: mulberry32, small and the same on every machine. */
export function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
