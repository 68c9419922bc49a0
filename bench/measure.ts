import type { Ran } from './command.ts';

/** One measurement: all its samples, in one unit. */
export interface Row {
  readonly who: string;
  readonly unit: 'ms' | 'MB' | 'MB/s' | 'round trips';
  readonly samples: readonly number[];
  /** Of the largest process, if it was measured. */
  readonly peakMb?: readonly number[];
  readonly cpuMs?: readonly number[];
}

/** A target for a ratio or figure, and the measured value. */
export interface Verdict {
  readonly claim: string;
  readonly value: number;
  readonly wanted: number;
  readonly sense: 'at least' | 'at most';
  readonly unit: '×' | 'ms' | 'MB' | 'round trips';
}

export interface Outcome {
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  readonly notes?: readonly string[];
}

/** One contestant: does the work once. Rows have the contestants' names. */
export interface Contestant {
  readonly who: string;
  readonly run: () => Promise<Omit<Ran, 'stdout'>>;
  /** Not measured: resets the state before each run. */
  readonly before?: () => Promise<void> | void;
  /** Not measured: throws if the run did not do its work. */
  readonly after?: () => Promise<void> | void;
}

/** Runs contestants in alternation, so that other load on the machine affects all of them alike. */
export async function takeTurns(rounds: number, contestants: readonly Contestant[]): Promise<readonly Row[]> {
  const results = new Map(contestants.map(({ who }) => [who, [] as Omit<Ran, 'stdout'>[]]));
  for (let round = 0; round < rounds; round++) {
    for (const { who, run, before, after } of contestants) {
      await before?.();
      const ran = await run();
      await after?.();
      results.get(who)?.push(ran);
    }
  }
  return [...results].map(([who, all]) => rowOf(who, all));
}

export const rowOf = (who: string, all: readonly Omit<Ran, 'stdout'>[]): Row => ({
  who,
  unit: 'ms',
  samples: all.map(({ ms }) => ms),
  peakMb: all.map(({ peakMb }) => peakMb),
  cpuMs: all.map(({ cpuMs }) => cpuMs),
});

/** The middle value; for an even number the mean of the two middle ones. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] =
    sorted.length % 2 === 0
      ? sorted.slice(middle - 1, middle + 1)
      : sorted.slice(Math.floor(middle), Math.ceil(middle));
  return (low + high) / 2;
}

export const medianOf = (rows: readonly Row[], who: string): number => {
  const row = rows.find((each) => each.who === who);
  if (row === undefined) throw new Error(`nothing was measured of "${who}"`);
  return median(row.samples);
};

export const isMet = ({ value, wanted, sense }: Verdict): boolean =>
  sense === 'at least' ? value >= wanted : value <= wanted;
