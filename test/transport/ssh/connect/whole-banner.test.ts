import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wholeBanner } from '../../../../src/transport/ssh/connect/whole-banner.ts';

/** A listener's data from these pieces, and the overheard text. */
function through(pieces: readonly Buffer[]): { readonly got: readonly Buffer[]; readonly heard: readonly Buffer[] } {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const heard: Buffer[] = [];
  const got: Buffer[] = [];
  wholeBanner(stream, (piece) => heard.push(piece));
  stream.on('data', (piece: Buffer) => got.push(piece));
  for (const piece of pieces) stream.emit('data', piece);
  return { got, heard };
}

test('a greeting in any pieces arrives in one piece up to the end of the banner, and nothing is lost', () => {
  const greeting = 'Welcome\r\nto SSH-2.0\r\n\nSSH-2.0-OpenSSH_9.2p1 Debian\r\n';
  const printed = Buffer.concat([Buffer.from(greeting), Buffer.from([0, 0, 1, 255, 10, 13, 10, 7])]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: printed.length - 1 }), { maxLength: 20 }), (cuts) => {
      const at = [0, ...new Set(cuts.toSorted((a, b) => a - b)), printed.length];
      const pieces = at.slice(1).map((end, index) => printed.subarray(at[index], end));
      const { got, heard } = through(pieces);
      expect(Buffer.concat(got).equals(printed)).toBe(true);
      expect(got[0]?.length).toBeGreaterThanOrEqual(greeting.length);
      expect(Buffer.concat([...heard, ...got.slice(1)]).equals(printed)).toBe(true);
    }),
  );
});

test('text that never becomes a banner is passed on after a while', () => {
  const piece = Buffer.alloc(1000, 'x\n');
  const { got } = through(Array.from({ length: 40 }, () => piece));
  expect(got.length).toBeGreaterThan(1);
  expect(Buffer.concat(got).length).toBe(40_000);
});
