import { PassThrough, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sinkOf } from '../../src/render/sink.ts';

test('a sink is not ready while its stream is full, and is again when that has drained', async () => {
  const stream = new PassThrough({ highWaterMark: 10 });
  const sink = sinkOf(stream);
  sink.write('short');
  await delay(1);
  expect(sink.ready()).toBeUndefined();
  sink.write('a text that is longer than what the stream takes');
  await delay(1);
  let isReady = false;
  const ready = sink.ready();
  void ready?.then(() => {
    isReady = true;
  });
  expect(sink.ready()).toBe(ready);
  await delay(5);
  expect(isReady).toBe(false);
  stream.resume();
  await ready;
  expect(sink.ready()).toBeUndefined();
});

test('a closed reader blocks no writer', async () => {
  const stream = new Writable({ highWaterMark: 1, write: () => {} });
  const sink = sinkOf(stream);
  sink.write('text');
  await delay(1);
  const ready = sink.ready();
  expect(ready).toBeDefined();
  stream.destroy(Object.assign(new Error('it left'), { code: 'EPIPE' }));
  await ready;
  expect(sink.ready()).toBeUndefined();
});
