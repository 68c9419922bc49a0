/** What reading one archive may cost the controller. Real packages and images stay far below each of these. */
export const ARCHIVE_LIMITS = {
  /** Entries, directories and links among them. */
  entries: 100_000,
  /** Characters of one name, and of all names together. */
  name: 1024,
  names: 16 * 1024 * 1024,
  /** Bytes that it may unpack to whatever its own size, how many more for each of its own bytes, and the most of all. */
  unpackedAtLeast: 16 * 1024 * 1024,
  ratio: 100,
  unpacked: 256 * 1024 ** 3,
} as const;

/**
 * Measures an archive while it is read. A small file can unpack to a thousand times its size: reading ends where the
 * archive is no longer one that somebody made to be unpacked.
 *
 * @example const gauge = new ArchiveGauge(); gauge.packed(chunk.length); gauge.unpacked(65536); gauge.entry('images/a.tar')
 */
export class ArchiveGauge {
  #packed = 0;
  #unpacked = 0;
  #entries = 0;
  #names = 0;

  /** Bytes of the archive itself that were read. */
  packed(bytes: number): void {
    this.#packed += bytes;
  }

  /** @throws Error when it unpacks to more than such an archive can hold */
  unpacked(bytes: number): void {
    const { unpackedAtLeast, ratio, unpacked } = ARCHIVE_LIMITS;
    this.#unpacked += bytes;
    if (this.#unpacked > unpackedAtLeast + ratio * this.#packed)
      throw new Error(`it unpacks to more than ${ratio} times its size`);
    if (this.#unpacked > unpacked) throw new Error(`it unpacks to more than ${unpacked / 1024 ** 3} GiB`);
  }

  /** @throws Error when there are too many entries, or their names are too long */
  entry(name: string): void {
    const { entries, name: longest, names } = ARCHIVE_LIMITS;
    this.#names += name.length;
    if (++this.#entries > entries) throw new Error(`it has more than ${entries} entries`);
    if (name.length > longest) throw new Error(`the name of an entry is longer than ${longest} characters`);
    if (this.#names > names) throw new Error('the names of its entries are too long');
  }

  /** The same bytes, counted as unpacked. */
  async *counted(chunks: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    for await (const chunk of chunks) {
      if (chunk instanceof Uint8Array) this.unpacked(chunk.length);
      yield chunk;
    }
  }
}
