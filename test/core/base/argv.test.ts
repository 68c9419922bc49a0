import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandLine, quote, typedLine } from '../../../src/core/base/argv.ts';

const SHELLS: readonly (readonly [string, ...string[]])[] = [
  ['/bin/sh'],
  ['/bin/dash'],
  ['/bin/bash'],
  ['/bin/busybox', 'sh'],
];
// Debian's /bin/sh is dash: once is enough.
const isOther = ([program]: readonly [string, ...string[]]): boolean =>
  program !== '/bin/sh' ||
  SHELLS.every(([other]) => other === program || !existsSync(other) || realpathSync(other) !== realpathSync(program));
const present = SHELLS.filter(([program]) => existsSync(program)).filter(isOther);

/** Words of characters with a meaning in some shell, and of any others but NUL. */
const word = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'\'"\\$`!*?[]{}()<>|&;#~=%^-+ \t\n\r\x1b\x7faé漢🙂') }),
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').toWellFormed()),
);

describe.each(present.map((shell) => [shell.join(' '), shell] as const))('%s', (_name, [program, ...rest]) => {
  test('returns every word exactly as it was', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
        const script = `for w in ${commandLine(words)}; do printf '%s\\0' "$w"; done`;
        const { stdout } = spawnSync(program, [...rest, '-s'], { input: script, encoding: 'utf8' });
        expect(stdout.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });
});

test('at least two kinds of shell were tested', () => {
  expect(present.length).toBeGreaterThanOrEqual(2);
});

test('characters that no argument can carry are refused', () => {
  expect(() => quote('a\0b')).toThrow(/NUL/);
});

test('words that need no quotes are left as typed', () => {
  expect(typedLine(['run', 'a b', "it's", '-e', 'x=1', '', 'all:!gw-1'])).toBe(
    `run 'a b' ${quote("it's")} -e x=1 '' 'all:!gw-1'`,
  );
});
