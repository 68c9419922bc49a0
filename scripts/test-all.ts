import { execFileSync, spawn } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { strikes } from '../test/lab/faults/cases.ts';
import { closingLines, type Entry, isPass, passedAt, readLedger, record } from './test-ledger.ts';

const usage = 'usage: npm run test:all [-- [--list] NAME…]';
const root = resolve(import.meta.dirname, '..');

/** Cases of one slice of the lab's faults: a slice takes about a quarter of an hour. */
const SLICE = 12;

/** All pieces in the order of their run. A name before a colon selects all slices. */
const pieces: readonly Piece[] = [
  program('lint', 'biome', 'check', '.'),
  program('typecheck', 'tsc', '--noEmit', '-p', '.'),
  project('unit'),
  project('recovery'),
  project('fuzz'),
  project('mutants'),
  project('wire'),
  lab('lab-rolling', ['test/lab/rolling.test.ts']),
  lab('lab-cluster', ['test/lab/cluster.test.ts'], { API7_ORCH_KILLS: '20' }),
  lab('lab-resume', ['test/lab/resume.test.ts']),
  lab('lab-adopt', ['test/lab/adopt/']),
  lab('lab-small', otherLabFiles('rolling.', 'cluster.', 'resume.', 'faults-', 'adopt/')),
  ...slices(strikes.length, SLICE).map((seeds) =>
    lab(`lab-faults:${seeds[0]}-${seeds.at(-1)}`, ['test/lab/faults-'], { API7_ORCH_SEED: seeds.join() }),
  ),
];

interface Piece {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Vitest counts the tests; a program counts as one. */
  readonly isVitest: boolean;
}

type Counts = Pick<Entry, 'passed' | 'failed' | 'skipped'>;

function program(name: string, ...argv: [string, ...string[]]): Piece {
  return { name, argv, isVitest: false };
}

function project(name: string): Piece {
  return { name, argv: ['vitest', 'run', '--project', name], isVitest: true };
}

function lab(name: string, files: readonly string[], env: Readonly<Record<string, string>> = {}): Piece {
  return { name, argv: ['vitest', 'run', '--project', 'lab', ...files], env, isVitest: true };
}

/** The files of the lab that have no piece of their own, so that a new file is in a piece by itself. `own`: how the others begin. */
function otherLabFiles(...own: readonly string[]): readonly string[] {
  return globSync('test/lab/**/*.test.ts', { cwd: root })
    .filter((file) => !own.some((begin) => file.startsWith(`test/lab/${begin}`)))
    .sort();
}

function slices(count: number, size: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, at) =>
    Array.from({ length: Math.min(size, count - at * size) }, (_, i) => at * size + i + 1),
  );
}

const ledgerPath = join(root, '.cache/test-ledger.json');
let isInterrupted = false;
process.on('SIGINT', () => {
  isInterrupted = true;
});
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const names = words.filter((word) => !word.startsWith('-'));
  const unknown = names.filter((name) => !pieces.some((piece) => isNamed(piece, name)));
  if (unknown.length > 0 || words.some((word) => word.startsWith('-') && word !== '--list')) {
    const known = pieces.map(({ name }) => name).join(' ');
    console.error(`${unknown.length > 0 ? `no such piece: ${unknown.join(' ')}\n` : ''}${usage}\npieces: ${known}`);
    return 2;
  }
  const chosen = pieces.filter((piece) => names.length === 0 || names.some((name) => isNamed(piece, name)));
  const entries: Entry[] = [];
  for (const piece of chosen) {
    const { commit, isDirty } = tree();
    const earlier = isDirty ? undefined : passedAt(readLedger(ledgerPath), piece.name, commit);
    if (words.includes('--list')) {
      const state = earlier === undefined ? 'to run' : `passed on ${earlier.date}`;
      console.log(`${piece.name.padEnd(20)} ${state}`);
      continue;
    }
    if (earlier !== undefined && names.length === 0) {
      console.log(`${piece.name}: passed at this commit on ${earlier.date}; name it to run it again`);
      entries.push(earlier);
      continue;
    }
    const entry = await run(piece);
    if (entry === undefined) break;
    record(ledgerPath, entry);
    entries.push(entry);
  }
  if (words.includes('--list')) return 0;
  console.log(['', ...closingLines(entries)].join('\n'));
  if (isInterrupted) console.log(`interrupted: ${chosen.length - entries.length} pieces did not run to their end`);
  return !isInterrupted && entries.every(isPass) ? 0 : 1;
}

function isNamed({ name }: Piece, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted}:`);
}

function tree(): { readonly commit: string; readonly isDirty: boolean } {
  const git = (...words: readonly string[]): string =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  return { commit: git('rev-parse', 'HEAD'), isDirty: git('status', '--porcelain') !== '' };
}

/** The result of the piece; undefined if the operator interrupts it. */
async function run(piece: Piece): Promise<Entry | undefined> {
  const report = join(root, '.cache/test-all', `${piece.name.replace(':', '-')}.json`);
  mkdirSync(join(root, '.cache/test-all'), { recursive: true });
  // An old report must not count for a run that wrote none.
  rmSync(report, { force: true });
  const reporters = piece.isVitest ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : [];
  console.log(`\n${piece.name}: ${piece.argv.join(' ')}`);
  const [command, ...words] = piece.argv;
  const before = tree();
  const begun = performance.now();
  const child = spawn(join(root, 'node_modules/.bin', command), [...words, ...reporters], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, API7_ORCH_ALL: '1', ...piece.env },
  });
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  const seconds = (performance.now() - begun) / 1000;
  if (isInterrupted) return undefined;
  const after = tree();
  return {
    piece: piece.name,
    commit: before.commit,
    isDirty: before.isDirty || after.isDirty || after.commit !== before.commit,
    date: new Date().toISOString(),
    ...(piece.isVitest
      ? countsOf(report, code)
      : { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }),
    seconds: Math.round(seconds),
  };
}

/** Failures that belong to no test, such as a file that cannot be loaded, count as one. */
function countsOf(report: string, code: number | null): Counts {
  let text: string;
  try {
    text = readFileSync(report, 'utf8');
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const { numPassedTests: passed, numFailedTests: failed, numTotalTests: total } = JSON.parse(text) as Totals;
  return { passed, failed: code === 0 ? failed : Math.max(1, failed), skipped: total - passed - failed };
}

interface Totals {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numTotalTests: number;
}
