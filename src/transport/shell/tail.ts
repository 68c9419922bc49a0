/** The last bytes of a stream, however long it is. A character that the cut would halve is left out. */
export function tail(limit: number): { push(chunk: Buffer): void; text(): string } {
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    push(chunk) {
      chunks.push(chunk);
      length += chunk.length;
      for (let first = chunks[0]; first !== undefined && length - first.length >= limit; first = chunks[0]) {
        chunks.shift();
        length -= first.length;
      }
    },
    text() {
      const all = Buffer.concat(chunks);
      let start = Math.max(0, all.length - limit);
      // 10xxxxxx: the inside of a character whose first byte was cut off.
      if (start > 0) while (start < all.length && ((all[start] ?? 0) & 0xc0) === 0x80) start++;
      return all.subarray(start).toString('utf8');
    },
  };
}
