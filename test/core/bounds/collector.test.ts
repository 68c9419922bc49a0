import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Collector } from '../../../src/core/bounds/collector.ts';
import type { StreamLimit } from '../../../src/core/bounds/limits.ts';
import { formatSize } from '../../../src/core/bounds/limits.ts';
import { tail } from '../../../src/core/bounds/tail.ts';
import { cpuMs } from '../../support/base/cpu-ms.ts';

const limit = (limits: Partial<StreamLimit>): StreamLimit => ({ what: 'a reply', bytes: 1000, beyond: '', ...limits });
const pieces = fc.array(fc.uint8Array({ maxLength: 40 }).map(Buffer.from), { maxLength: 30 });

describe('a collector', () => {
  test('holds its input, in pieces of any size', () => {
    fc.assert(
      fc.property(pieces, (all) => {
        const collector = new Collector(limit({ bytes: 10_000 }));
        for (const piece of all) collector.add(piece);
        expect(collector.bytes().equals(Buffer.concat(all))).toBe(true);
      }),
    );
  });

  test.each<readonly [string, Partial<StreamLimit>, string, string]>([
    ['bytes', { bytes: 10 }, 'x'.repeat(10), 'a reply is longer than 10 bytes'],
    ['lines', { lines: 3 }, 'a\n\nb\n', 'a reply is longer than 3 lines'],
    ['bytes of a line', { lineBytes: 4 }, 'abcd\nabcd\nabcd', 'a line of it is longer than 4 bytes'],
  ])('refuses more %s than its limit, and accepts exactly as many', (_what, limits, most, message) => {
    const collector = new Collector(limit(limits));
    for (const byte of Buffer.from(most)) collector.add(Buffer.from([byte]));
    expect(() => collector.add(Buffer.from('x\n'))).toThrow(message);
    expect(() => new Collector(limit(limits)).add(Buffer.from(`${most}x\n`))).toThrow(message);
  });

  test('refuses input after its timeout, at any speed', async () => {
    const collector = new Collector(limit({ ms: 20 }));
    collector.add(Buffer.from('a'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(() => collector.add(Buffer.from('b'))).toThrow('a reply is not complete after 20ms');
  });

  test('counts removed bytes towards the whole stream', () => {
    const collector = new Collector(limit({ bytes: 5 }));
    collector.add(Buffer.from('abc'));
    expect(collector.take().toString()).toBe('abc');
    expect(() => collector.add(Buffer.from('def'))).toThrow('longer than 5 bytes');
  });

  test('reads four megabytes in single bytes in linear time', () => {
    const byte = Buffer.from('x');
    const collector = new Collector(limit({ bytes: 2 ** 22, lines: 10, lineBytes: 2 ** 22 }));
    const ms = cpuMs(() => {
      for (let i = 0; i < 2 ** 22; i++) collector.add(byte);
    });
    expect(collector.length).toBe(2 ** 22);
    expect(ms).toBeLessThan(5000);
  });
});

describe('a tail', () => {
  test('keeps the last bytes, from pieces of any size', () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 100 }), (all, most) => {
        const ascii = all.map((piece) => Buffer.from(piece.map((byte) => byte & 0x7f)));
        const kept = tail(most);
        for (const piece of ascii) kept.push(piece);
        expect(kept.text()).toBe(Buffer.concat(ascii).subarray(-most).toString());
      }),
    );
  });

  test('keeps no half character', () => {
    const kept = tail(10);
    for (const part of ['abcdefgh', 'ij', 'é漢字', '.']) kept.push(Buffer.from(part));
    expect(kept.text()).toBe('jé漢字.');
    const short = tail(6);
    short.push(Buffer.from('x漢字y'));
    expect(short.text()).toBe('字y');
  });

  test('reads millions of single bytes in linear time', () => {
    const kept = tail(1000);
    const byte = Buffer.from('x');
    const ms = cpuMs(() => {
      for (let i = 0; i < 2 ** 22; i++) kept.push(byte);
    });
    expect(kept.text()).toHaveLength(1000);
    expect(ms).toBeLessThan(5000);
  });
});

test.each([
  [10, '10 bytes'],
  [64 * 1024, '64 KiB'],
  [1.5 * 1024 * 1024, '1.5 MiB'],
  [64 * 2 ** 30, '64 GiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});
