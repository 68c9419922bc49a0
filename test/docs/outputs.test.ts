import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkLines } from '../../src/cli/check/table.ts';
import { discoverLines } from '../../src/cli/discover/table.ts';
import { imagesLines } from '../../src/cli/images/table.ts';
import { poolsLines } from '../../src/cli/lb/table.ts';
import { statusLines } from '../../src/cli/status/table.ts';
import { hostLocked } from '../../src/lock/locked-error.ts';
import { blocksOf, PAGES, placeOf } from './pages.ts';
import { CHECK, DISCOVER, IMAGES, POOLS, STATUS } from './reports.ts';

const root = new URL('../../', import.meta.url);
const style = { paint: (_: string, text: string) => text, width: 100 };

const LOCK = {
  record: {
    v: 1,
    token: 't',
    run: '20261129-154755-4f2a9c',
    by: 'ops@ci',
    verb: 'run install',
    since: 0,
    boot: 'b',
    sessions: [],
    op: null,
  },
  now: 130,
  beatAge: 3,
} as never;

/** What the code prints, by the name in the mark above a block. */
const OUTPUTS: Readonly<Record<string, () => readonly string[]>> = {
  status: () => statusLines(STATUS, style),
  'lb status': () => poolsLines(POOLS, style),
  check: () => checkLines(CHECK, style),
  discover: () => discoverLines(DISCOVER, style),
  'images verify': () => imagesLines(IMAGES, { ...style, width: 80 }),
  locked: () => [`LOCKED: ${hostLocked('gw-1', LOCK).message}; no changes made (8s)`],
};

const blocks = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'text' || language === 'console');

test.each(blocks.map((block) => [placeOf(block), block.mark] as const))('%s has a mark', (_, mark) => {
  expect(mark).toMatch(/^(output|not checked): ./);
});

const checked = blocks.flatMap((block) => {
  const [kind, source = ''] = block.mark?.split(': ') ?? [];
  return kind === 'output' ? [{ place: placeOf(block), source, code: block.code }] : [];
});

/** The lines of an output, without commands and without marks of what is left out. */
const linesOf = (code: string): readonly string[] =>
  code.split('\n').filter((line) => !line.startsWith('$ ') && line.trim() !== '' && line !== '…');

/** A file with the output: of a golden file without the names of its streams. */
const fileLines = (path: string): readonly string[] =>
  readFileSync(new URL(path, root), 'utf8')
    .split('\n')
    .map((line) => line.replace(/^(out|err)\| ?/, ''));

test.each(checked)('$place is what the code prints: $source', ({ source, code }) => {
  const printed = OUTPUTS[source]?.() ?? (existsSync(new URL(source, root)) ? fileLines(source) : []);
  let from = 0;
  for (const line of linesOf(code)) {
    const at = printed.findIndex((candidate, index) => index >= from && candidate.endsWith(line));
    expect(at, `"${line}" is in:\n${printed.slice(from).join('\n')}`).toBeGreaterThanOrEqual(from);
    from = at + 1;
  }
});

test('every output is on a page', () => {
  expect(Object.keys(OUTPUTS).filter((name) => !checked.some(({ source }) => source === name))).toEqual([]);
});
