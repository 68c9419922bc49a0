import { expect, test } from 'vitest';
import { endOfLog, logText } from '../../src/docker/logs.ts';

function frame(stream: number, text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

test('both streams come out in order, with any bytes', () => {
  const half = Buffer.from('é');
  const split = Buffer.concat([frame(1, 'one\n'), frame(2, 'two\u0001\u0000\n')]);
  expect(logText(split)).toBe('one\ntwo\u0001\u0000\n');
  expect(logText(Buffer.concat([frame(1, half.toString()), frame(1, '漢\n')]))).toBe('é漢\n');
});

test('a log without frames is its own text', () => {
  expect(logText(Buffer.from('plain text of a terminal\n'))).toBe('plain text of a terminal\n');
  expect(logText(Buffer.alloc(0))).toBe('');
});

test.each([
  ['short', 10, 'short'],
  ['first line\nsecond', 8, 'second'],
  ['one line without end', 8, 'hout end'],
  ['first line\nsecond\n', 8, 'second\n'],
])('the end of %j within %i characters is %j', (text, limit, end) => {
  expect(endOfLog(text, limit)).toBe(end);
});
