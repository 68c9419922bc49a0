const SMALLEST = 4096;

/**
 * Keeps the last bytes of a stream of any length. Drops a character that the cut would halve. Holds at most twice the
 * limit, and moves each byte a few times at most.
 */
export function tail(limit: number): { push(chunk: Buffer): void; text(): string } {
  let kept = Buffer.alloc(0);
  let length = 0;
  let total = 0;
  const makeRoom = (more: number): void => {
    if (length + more > kept.length && kept.length < 2 * limit) {
      const wider = Buffer.allocUnsafe(Math.min(2 * limit, Math.max(SMALLEST, 2 * (length + more))));
      kept.copy(wider, 0, 0, length);
      kept = wider;
    }
    if (length + more <= kept.length) return;
    kept.copyWithin(0, length - limit, length);
    length = limit;
  };
  return {
    push(chunk) {
      total += chunk.length;
      const end = chunk.subarray(Math.max(0, chunk.length - limit));
      makeRoom(end.length);
      end.copy(kept, length);
      length += end.length;
    },
    text() {
      let start = Math.max(0, length - limit);
      // 10xxxxxx: a continuation byte of a character whose first byte was cut off.
      if (total > length - start) while (start < length && ((kept[start] ?? 0) & 0xc0) === 0x80) start++;
      return kept.toString('utf8', start, length);
    },
  };
}
