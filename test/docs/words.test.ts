import { describe, expect, test } from 'vitest';
import { countWords, proseOfCode, usesIn } from '../../scripts/words.ts';
import { KEPT } from '../../scripts/words-table.ts';

const wordsOf = (file: string, source: string) => usesIn(file, source).map(({ word, line }) => `${line} ${word}`);

test('comments, messages, test titles and pages use the words of the glossary', () => {
  const { left, stale } = countWords();
  const found = left.map(({ file, line, word, use }) => `${file}:${line}: "${word}": ${use}`);
  expect(found).toEqual([]);
  expect(stale).toEqual([]);
  expect(KEPT.filter(({ why }) => why === '')).toEqual([]);
});

describe('the counter', () => {
  test('reads comments and messages of code, and only the titles of a test', () => {
    const source =
      "// nobody\nconst a = 'nobody is here';\nconst nobody = 'nobody';\ntest.each([['nobody at all']])('nobody is asked', () => {});\n";
    expect(wordsOf('src/a.ts', source)).toEqual(['1 nobody', '2 nobody', '4 nobody', '4 nobody']);
    expect(wordsOf('test/a.test.ts', source)).toEqual(['1 nobody', '4 nobody']);
  });

  test('finds a phrase that a comment breaks over two lines', () => {
    expect(wordsOf('src/a.ts', '/**\n * It is given\n * back once\n * more.\n */\n')).toEqual([
      '2 given back',
      '3 once more',
    ]);
  });

  test('skips names in backticks, examples, and plain meanings of a word', () => {
    expect(
      wordsOf('src/a.ts', '/**\n * `told` looks like it, as well.\n * @example told({ by: 1 }) // told\n */\n'),
    ).toEqual([]);
    expect(wordsOf('docs/a.md', '[a page](told.md) and `look` stand for it\nall is well\n')).toEqual(['2 is well']);
  });

  test('counts old identifiers, and faults in src only', () => {
    expect(wordsOf('src/a.ts', 'const isWell = 1; // a fault\n')).toEqual(['1 fault', '1 isWell']);
    expect(wordsOf('test/a.test.ts', '// a fault\n')).toEqual([]);
  });

  test('a quote in a regular expression begins no text', () => {
    expect(proseOfCode("const a = b.match(/'/);\nconst c = 'two words';\n", false)).toEqual([
      { line: 2, text: 'two words' },
    ]);
  });
});
