/** A range of bytes in a view of a text: from `start` up to, and without, `end`. */
export interface Match {
  readonly start: number;
  readonly end: number;
  /** The bytes end before the rest of the secret. */
  readonly isCut: boolean;
}

export interface Pattern {
  readonly bytes: Uint8Array;
  /** Bytes around a match that reveal a part of the secret too: base64 spreads one byte over two characters. */
  readonly before?: number;
  readonly after?: number;
}

const ROOT = 0;

/**
 * Finds many patterns in one pass over the bytes, in linear time (Aho and Corasick, 1975). The children of a state form
 * a linked list: most states have one child, and a short run must not pay for building tables.
 */
export class ByteMatcher {
  /** Children of the root, by byte; 0: none. */
  readonly #top = new Int32Array(256);
  readonly #byte: number[] = [0];
  readonly #child: number[] = [0];
  readonly #next: number[] = [0];
  readonly #fail: number[] = [ROOT];
  /** Length in bytes of the pattern prefix of each state. */
  readonly #depth: number[] = [0];
  /** The longest pattern that ends in each state. */
  readonly #ends: (Pattern | undefined)[] = [undefined];

  constructor(patterns: readonly Pattern[]) {
    for (const pattern of patterns) if (pattern.bytes.length > 0) this.#add(pattern);
    this.#link();
  }

  /** Calls back with the longest match at each position. Returns how many of the last bytes may start a match. */
  scan(bytes: Uint8Array, found: (match: Match) => void): number {
    let state = ROOT;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      state = state === ROOT ? (this.#top[byte] ?? ROOT) : this.#step(state, byte);
      const pattern = this.#ends[state];
      if (pattern === undefined) continue;
      const { before = 0, after = 0, bytes: text } = pattern;
      found({
        start: Math.max(0, at + 1 - text.length - before),
        end: Math.min(bytes.length, at + 1 + after),
        isCut: at + 1 + after > bytes.length,
      });
    }
    return this.#depth[state] ?? 0;
  }

  #step(from: number, byte: number): number {
    for (let state = from; state !== ROOT; state = this.#fail[state] ?? ROOT) {
      const child = this.#childOf(state, byte);
      if (child !== ROOT) return child;
    }
    return this.#top[byte] ?? ROOT;
  }

  #childOf(state: number, byte: number): number {
    if (state === ROOT) return this.#top[byte] ?? ROOT;
    let child = this.#child[state] ?? ROOT;
    while (child !== ROOT && this.#byte[child] !== byte) child = this.#next[child] ?? ROOT;
    return child;
  }

  #add(pattern: Pattern): void {
    let state = ROOT;
    for (const byte of pattern.bytes) {
      let child = this.#childOf(state, byte);
      if (child === ROOT) {
        child = this.#byte.push(byte) - 1;
        this.#child.push(ROOT);
        this.#next.push(state === ROOT ? ROOT : (this.#child[state] ?? ROOT));
        this.#fail.push(ROOT);
        this.#depth.push((this.#depth[state] ?? 0) + 1);
        this.#ends.push(undefined);
        if (state === ROOT) this.#top[byte] = child;
        else this.#child[state] = child;
      }
      state = child;
    }
    this.#ends[state] = pattern;
  }

  /** Sets the fallback of each state without a fitting child: the longest suffix of the input that begins a pattern. */
  #link(): void {
    const queue = [...this.#top].filter((state) => state !== ROOT);
    for (const state of queue) {
      for (let child = this.#child[state] ?? ROOT; child !== ROOT; child = this.#next[child] ?? ROOT) {
        this.#fail[child] = this.#step(this.#fail[state] ?? ROOT, this.#byte[child] ?? 0);
        this.#ends[child] ??= this.#ends[this.#fail[child] ?? ROOT];
        queue.push(child);
      }
    }
  }
}
