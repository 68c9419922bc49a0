import { COUNTS, formatSize } from './limits.ts';

const MIB = 1024 * 1024;

/** The compression ratio is checked only after this many bytes. */
const SLACK = 16 * MIB;
/** Bytes besides the entries: read-ahead of streams, and each entry's own header with its long names. */
const HEADERS = MIB;
const HEADER = 4096;
const BLOCK = 512;
const PIECE = 64 * 1024;

/** The fields of an archive entry that are bounded. */
export interface ArchiveEntry {
  readonly name: string;
  readonly linkname?: string | null | undefined;
  readonly size?: number | undefined;
}

/**
 * Limits for reading one archive: entries, names, bytes, and the ratio of unpacked to packed size. Reading an archive
 * bomb stops at the limit.
 *
 * @example const budget = new ArchiveBudget(); budget.packed(chunk.length); budget.entry(entry.header);
 */
export class ArchiveBudget {
  #packed = 0;
  #unpacked = 0;
  #contents = 0;
  #entries = 0;
  #links = 0;
  #names = 0;
  #kept = 0;

  /** Counts bytes of the archive itself. */
  packed(bytes: number): void {
    this.#packed += bytes;
  }

  /** Counts unpacked bytes. @throws Error above the limit */
  unpacked(bytes: number): void {
    this.#unpacked += bytes;
    const most = COUNTS.archiveGib.most * 1024 * MIB;
    if (this.#unpacked > most) throw new Error(`it is longer than ${formatSize(most)} when it is unpacked`);
    const ratio = COUNTS.archiveRatio.most;
    if (this.#unpacked > SLACK + ratio * this.#packed)
      throw new Error(`it grows to more than ${ratio} times its size when it is unpacked`);
    if (this.#unpacked - this.#contents > HEADERS + HEADER * (this.#entries + 1))
      throw new Error('it holds more headers or padding than files');
  }

  /**
   * Passes the chunks on and counts them as unpacked bytes. Yields small pieces, so that entries are checked as they
   * arrive.
   */
  async *measured(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (!(chunk instanceof Uint8Array)) continue;
      for (let at = 0; at < chunk.length; at += PIECE) {
        const piece = chunk.subarray(at, at + PIECE);
        this.unpacked(piece.length);
        yield piece;
      }
    }
  }

  /** Counts the next entry. @throws Error above the number of entries, or if its name is too long */
  entry({ name, linkname, size = 0 }: ArchiveEntry): void {
    this.#contents += Math.ceil(size / BLOCK) * BLOCK;
    this.#names += name.length + (linkname?.length ?? 0);
    if (++this.#entries > COUNTS.archiveEntries.most)
      throw new Error(`it has more than ${COUNTS.archiveEntries.most} entries`);
    if (linkname && ++this.#links > COUNTS.archiveLinks.most)
      throw new Error(`it has more than ${COUNTS.archiveLinks.most} links`);
    if (this.#names > COUNTS.archiveNames.most)
      throw new Error(`the names of its entries are longer than ${COUNTS.archiveNames.most} characters`);
    for (const path of [name, linkname ?? ''])
      if (depthOf(path) > COUNTS.archiveDepth.most)
        throw new Error(`a name in it is deeper than ${COUNTS.archiveDepth.most} directories`);
  }

  /** Whether the content of one more small file may be kept in memory. */
  mayKeep(bytes: number): boolean {
    this.#kept += bytes;
    return this.#kept <= COUNTS.archiveTexts.most * MIB;
  }
}

function depthOf(path: string): number {
  let depth = 0;
  for (const character of path) if (character === '/') depth++;
  return depth;
}
