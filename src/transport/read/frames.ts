import { Collector } from '../../core/bounds/collector.ts';
import { LIMITS, type StreamLimit } from '../../core/bounds/limits.ts';
import { INCOMPLETE, sealScript } from '../shell/bootstrap.ts';

/**
 * A script and its input for a persistent shell. Both sizes are sent first, so that neither runs into the next frame.
 */
export interface Frame {
  readonly token: string;
  readonly bytes: Buffer;
}

/** Up to this size the shell reads a script's lines faster than dd starts. */
const FEW = 3000;
const PLAIN = /^[\t\n\x20-\x7e]*$/;

/** Replaces an input's size: the shell runs the script itself, without a subshell. */
const INSIDE = '-';

/**
 * `<script bytes> <token> <input bytes>`, the script closed by its token, then the raw input. A short script is sent as
 * lines instead, without a size: `0 <token> 0`, up to a line with only the token.
 *
 * `inside`: without an input the shell runs the script itself, which leaves nothing behind (traps, options, an exit)
 * but variables that the loop does not use.
 */
export function frame(script: string, input: Uint8Array = new Uint8Array(), { inside = false } = {}): Frame {
  const { token, body } = sealScript(script);
  const then = inside && input.length === 0 ? INSIDE : input.length;
  if (input.length === 0 && body.length <= FEW && PLAIN.test(script))
    return { token, bytes: Buffer.concat([Buffer.from(`0 ${token} ${then}\n`), body, Buffer.from('\n')]) };
  return { token, bytes: Buffer.concat([Buffer.from(`${body.length} ${token} ${then}\n`), body, input]) };
}

const CLOSE = `c=$?; printf '\\n%s %03d\\n' "$t" "$c"; printf '\\n%s %03d\\n' "$t" "$c" >&2`;

/**
 * The shell's side of the protocol. Each script runs in a subshell, so that its variables, traps and exits end with it.
 * A truncated script is never evaluated. dd reads script and input in one block each, so that unread input is never
 * taken for the next frame. A dd without `fullblock` reads byte by byte, and the rest is read to the end. All scripts
 * may call `functions`. `first` is a script without a frame that comes with the loop.
 */
export function frameLoop(functions: string, first?: { readonly script: string; readonly token: string }): string {
  return [
    functions,
    ...(first === undefined ? [] : [`t=${first.token}`, `(\n${first.script}\n) </dev/null`, CLOSE]),
    'while read -r n t i; do',
    'if [ "$n" -eq 0 ]; then',
    `s=; while :; do IFS= read -r l || exit ${INCOMPLETE}; [ "$l" != "#$t" ] || break; s="$s$l`,
    '"; done; else',
    's=$(dd bs="$n" count=1 iflag=fullblock 2>/dev/null && echo 1 || { dd bs=1 count="$n" 2>/dev/null; echo 0; })',
    `case "$s" in *"#$t"[01]) ;; *) exit ${INCOMPLETE};; esac; fi`,
    'case "$i" in',
    `${INSIDE}) eval "$s" </dev/null ;;`,
    '0) ( eval "$s" ) </dev/null ;;',
    '*) case "$s" in',
    '*1) dd bs="$i" count=1 iflag=fullblock 2>/dev/null | ( eval "$s" ) ;;',
    '*) dd bs=1 count="$i" 2>/dev/null | ( ( eval "$s" ); c=$?; cat >/dev/null; exit "$c" ) ;;',
    'esac ;;',
    'esac',
    CLOSE,
    'done',
  ].join('\n');
}

export interface FrameEnd {
  readonly body: Buffer;
  readonly code: number;
  /** Bytes after it, which belong to the next frame. */
  readonly rest: Buffer;
}

/** Collects one stream up to the end mark of a frame. Searches each byte once. */
export class FrameCollector {
  readonly #mark: Buffer;
  readonly #length: number;
  readonly #limit: StreamLimit;
  readonly #all: Collector;
  #rest: Collector | undefined;
  /** No end mark begins before this position. */
  #from = 0;
  #end: Omit<FrameEnd, 'rest'> | undefined;

  constructor(token: string, limit: StreamLimit = LIMITS.reads) {
    this.#mark = Buffer.from(`\n${token} `);
    this.#length = this.#mark.length + '000\n'.length;
    this.#limit = limit;
    this.#all = new Collector(limit);
  }

  /** The received bytes of an incomplete frame. */
  get partial(): Buffer {
    return this.#all.bytes();
  }

  /** Set once the end mark was received. */
  get end(): FrameEnd | undefined {
    return this.#end && { ...this.#end, rest: this.#rest?.bytes() ?? Buffer.alloc(0) };
  }

  /** @throws OrchError REPLY_TOO_LARGE */
  push(chunk: Buffer): void {
    if (this.#end !== undefined) {
      this.#behind(chunk);
      return;
    }
    this.#all.add(chunk);
    const all = this.#all.bytes();
    const at = all.indexOf(this.#mark, this.#from);
    this.#from = at < 0 ? Math.max(0, all.length - this.#mark.length + 1) : at;
    const stop = at + this.#length;
    if (at < 0 || all.length < stop) return;
    this.#end = {
      body: all.subarray(0, at),
      code: Number(all.subarray(at + this.#mark.length, stop - 1).toString('latin1')),
    };
    if (all.length > stop) this.#behind(all.subarray(stop));
  }

  #behind(bytes: Buffer): void {
    this.#rest ??= new Collector(this.#limit);
    this.#rest.add(bytes);
  }
}
