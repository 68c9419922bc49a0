import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { median } from '../../bench/measure.ts';
import { expectAlike, expectTouched, treesOf } from '../../bench/trees.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const hosts = [{ name: 'host-1' }, { name: 'host-2' }];
let directory: string;
const look = () => treesOf(directory, hosts);

beforeEach(() => {
  directory = temporaryDirectory('trees');
  for (const { name } of hosts) {
    mkdirSync(join(directory, name, 'conf'), { recursive: true });
    writeFileSync(join(directory, name, 'conf/a'), `node = ${name}\n`);
    writeFileSync(join(directory, name, 'conf/b'), 'same\n');
  }
});

test('trees that differ in nothing but the name of their host are alike', () => {
  expect(Object.keys(expectAlike(look())).sort()).toEqual(['.', 'conf', 'conf/a', 'conf/b']);
});

test.each([
  ['content', () => writeFileSync(join(directory, 'host-2/conf/b'), 'other\n')],
  ['mode', () => chmodSync(join(directory, 'host-2/conf/b'), 0o600)],
  ['one file more', () => writeFileSync(join(directory, 'host-2/conf/c'), '')],
])('trees are not alike when they differ in: %s', (_what, change) => {
  change();
  expect(() => expectAlike(look())).toThrow(/host-2: conf\/[bc]/);
});

test('a file that was written with the same content counts as written', () => {
  const before = look();
  expectTouched(before, look(), []);
  for (const { name } of hosts) {
    rmSync(join(directory, name, 'conf/b'));
    writeFileSync(join(directory, name, 'conf/b'), 'same\n');
  }
  expectTouched(before, look(), ['conf/b']);
  expect(() => expectTouched(before, look(), [])).toThrow('host-1: changed [conf/b], expected []');
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])('the median of %j is %d', (values, middle) => {
  expect(median(values)).toBe(middle);
});
