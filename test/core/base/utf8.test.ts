import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readUtf8 } from '../../../src/core/base/utf8.ts';

test('any text is read as it was saved, with a byte order mark or without', () => {
  const texts = fc
    .string({ unit: 'binary' })
    .filter((text) => text.isWellFormed() && !text.includes('\0') && !text.startsWith('\uFEFF'));
  fc.assert(
    fc.property(texts, fc.constantFrom('', '\uFEFF'), (text, mark) => {
      expect(readUtf8(Buffer.from(mark + text))).toEqual({ text });
    }),
  );
});

const bigEndian = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

test.each<[string, Buffer, string, number]>([
  ['UTF-16, little endian', Buffer.from('\uFEFFtoken\n', 'utf16le'), 'is saved as UTF-16; save it as UTF-8', 1],
  ['UTF-16, big endian', bigEndian('\uFEFFtoken\n'), 'is saved as UTF-16; save it as UTF-8', 1],
  ['UTF-16 without a mark', Buffer.from('a\nb\n', 'utf16le'), 'holds zero bytes, as UTF-16 does; save it as UTF-8', 1],
  ['Latin-1', Buffer.from('one\ntwo\np\u00e4ss\n', 'latin1'), 'is not UTF-8; save it as UTF-8', 3],
  ['Latin-1 in the last line', Buffer.from('one\n\u00fc', 'latin1'), 'is not UTF-8; save it as UTF-8', 2],
])('%s is refused with its line', (_name, bytes, problem, line) => {
  expect(readUtf8(bytes)).toEqual({ problem, line });
});
