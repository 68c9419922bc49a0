import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The result of one piece of the suite. */
export interface Entry {
  readonly piece: string;
  readonly commit: string;
  /** The working tree differed from the commit, so the result is not one of the commit. */
  readonly isDirty: boolean;
  readonly date: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

/** Results of earlier runs, oldest first. One entry per piece and commit is enough: the newest counts. */
export function readLedger(path: string): readonly Entry[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Entry[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Error(`${path}: cannot be read: ${(error as Error).message}; remove the file to start again`);
  }
}

/** Adds an entry. Replaces the file in one step, so that an interrupt cannot leave half of it. */
export function record(path: string, entry: Entry): void {
  const others = readLedger(path).filter(({ piece, commit }) => piece !== entry.piece || commit !== entry.commit);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify([...others, entry], null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** The entry that shows a pass of the piece at the commit, if any. */
export function passedAt(ledger: readonly Entry[], piece: string, commit: string): Entry | undefined {
  return ledger.findLast(
    (entry) => entry.piece === piece && entry.commit === commit && !entry.isDirty && isPass(entry),
  );
}

/** A piece that ran no test does not pass. */
export const isPass = ({ passed, failed }: Entry): boolean => failed === 0 && passed > 0;

/**
 * One line for each entry, and the sum.
 * @example closingLines(entries).at(-1) // '2215 passed, 0 failed'
 */
export function closingLines(entries: readonly Entry[]): readonly string[] {
  const width = Math.max(0, ...entries.map(({ piece }) => piece.length));
  const sum = (key: 'passed' | 'failed'): number => entries.reduce((total, entry) => total + entry[key], 0);
  return [
    ...entries.map((entry) => {
      const counts = `${entry.passed} passed, ${entry.failed} failed, ${entry.skipped} skipped`;
      const commit = `${entry.commit.slice(0, 7)}${entry.isDirty ? ' with changes' : ''}`;
      return `${entry.piece.padEnd(width)}  ${counts}  ${duration(entry.seconds)}  ${commit}  ${entry.date.slice(0, 16)}`;
    }),
    `${sum('passed')} passed, ${sum('failed')} failed`,
  ];
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${whole % 60}s`;
}
