import type { Duplex } from 'node:stream';
import { LIMITS } from '../../../core/bounds/limits.ts';

/** Far more than any greeting; what comes after so much of it is none. */
const LONGEST: number = LIMITS.greeting.bytes;
const BANNER = /^SSH-[^\n]*\n/m;

/**
 * Holds back what a server says first until its SSH banner is complete, and lets it go in one piece: of a greeting that
 * comes in three pieces or more ssh2 forgets all between the first and the last. `heard` is told of each piece at once.
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
