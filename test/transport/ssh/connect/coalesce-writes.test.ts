import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { coalesceWrites } from '../../../../src/transport/ssh/connect/coalesce-writes.ts';

/** What reaches the system, one entry for each call. */
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

test('what is written in one turn leaves in one call, in order', async () => {
  const { stream, calls } = recorded();
  for (const piece of ['length ', 'body ', 'tag']) stream.write(piece);
  expect(calls).toEqual([]);
  await turn();
  stream.write('next');
  await turn();
  expect(calls).toEqual(['length body tag', 'next']);
});

test('an end takes along what was just written', async () => {
  const { stream, calls } = recorded();
  stream.write('last ');
  await new Promise<void>((resolve) => stream.end('words', resolve));
  expect(calls.join('')).toBe('last words');
});

test('a callback is called, whatever else was given', async () => {
  const { stream } = recorded();
  await new Promise((resolve) => stream.write('a', resolve));
  await new Promise((resolve) => stream.write('b', 'utf8', resolve));
});
