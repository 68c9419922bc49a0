import type { Duplex } from 'node:stream';
import { LIMITS } from '../../../core/bounds/limits.ts';

/** Far longer than any greeting. */
const LONGEST: number = LIMITS.greeting.bytes;
const BANNER = /^SSH-[^\n]*\n/m;

/**
 * Holds a server's first output back until its SSH banner is complete, and passes it on as one piece: ssh2 drops the
 * middle of a greeting in three or more pieces. `heard` gets each piece at once.
 */
export function wholeBanner(stream: Duplex, heard: (piece: Buffer) => void): void {
  const { emit } = stream;
  let held: Buffer = Buffer.alloc(0);
  const take = (piece: Buffer): boolean => {
    heard(piece);
    held = Buffer.concat([held, piece]);
    const isOver = piece.includes('\n') && BANNER.test(held.toString('latin1'));
    if (!isOver && held.length < LONGEST) return true;
    stream.emit = emit;
    return stream.emit('data', held);
  };
  Object.assign(stream, {
    emit(...parts: Parameters<Duplex['emit']>): boolean {
      const [event, piece] = parts;
      return event === 'data' ? take(piece) : emit.apply(stream, parts);
    },
  });
}
