import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { coalesceWrites } from '../../../../src/transport/ssh/connect/coalesce-writes.ts';

/** The calls to the system, one entry for each. */
function recorded(): { readonly stream: Duplex; readonly calls: string[] } {
  const calls: string[] = [];
  const stream = new Duplex({
    decodeStrings: false,
    read() {},
    write(chunk: string, _encoding, done) {
      calls.push(chunk);
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  return { stream: coalesceWrites(stream), calls };
}

test('writes of one tick go out in one call, in order', async () => {
  const { stream, calls } = recorded();
  for (const piece of ['length ', 'body ', 'tag']) stream.write(piece);
  expect(calls).toEqual([]);
  await turn();
  stream.write('next');
  await turn();
  expect(calls).toEqual(['length body tag', 'next']);
});

test('an end includes the writes just before it', async () => {
  const { stream, calls } = recorded();
  stream.write('last ');
  await new Promise<void>((resolve) => stream.end('words', resolve));
  expect(calls.join('')).toBe('last words');
});

test('a callback is called with any other arguments', async () => {
  const { stream } = recorded();
  await new Promise((resolve) => stream.write('a', resolve));
  await new Promise((resolve) => stream.write('b', 'utf8', resolve));
});
