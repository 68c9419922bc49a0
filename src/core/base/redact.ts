import { ByteMatcher } from './redact/byte-matcher.ts';
import { isWord, patternsOf } from './redact/secret-patterns.ts';
import { undecided, viewsOf } from './redact/views.ts';
import { knownSecrets, MASK } from './secret.ts';

/** `text`: words from outside may be in it. `words`: a sentence of this program, in which a plain word is no secret. */
export type RedactScope = 'text' | 'words';

interface Matchers {
  readonly of: ReadonlySet<string>;
  readonly count: number;
  readonly text: ByteMatcher;
  readonly words: ByteMatcher;
}

let cache: Matchers | undefined;

/** Made when something is redacted first, and again after another secret has become known. */
function matchers(): Matchers | undefined {
  const secrets = knownSecrets();
  if (secrets.size === 0) return undefined;
  if (cache?.of !== secrets || cache.count !== secrets.size) {
    const patterns = [...secrets].map((secret) => ({ secret, found: patternsOf(secret) }));
    const text = new ByteMatcher(patterns.flatMap(({ found }) => found));
    const hasWords = [...secrets].some(isWord);
    const words = patterns.flatMap(({ secret, found }) => (isWord(secret) ? found.slice(1) : found));
    cache = { of: secrets, count: secrets.size, text, words: hasWords ? new ByteMatcher(words) : text };
  }
  return cache;
}

/** A part of a text, in characters. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where secrets are in a text, in order and without overlaps; and where one may begin that the text does not end. */
interface Found {
  readonly ranges: readonly Range[];
  /** Up to here nothing that follows can make a difference. */
  readonly settled: number;
  /** The same, secrets that are wrapped after their first characters included. */
  readonly settledWrapped: number;
}

/** So few characters at the end of a line do not hold it back: they would be any line's. */
const WRAPPED = 4;

function find(text: string, matcher: ByteMatcher): Found {
  const ranges: Range[] = [];
  let settled = text.length;
  let settledWrapped = text.length;
  for (const { bytes, from, to, unwrapped } of viewsOf(text)) {
    const begin = (at: number): number =>
      at >= bytes.length ? text.length : from === undefined ? at : (from[at] ?? text.length);
    const open = matcher.scan(bytes, ({ start, end, isCut }) => {
      ranges.push({ start: begin(start), end: to === undefined ? end : (to[end - 1] ?? end) });
      if (isCut) settled = Math.min(settled, begin(start));
    });
    const last = bytes.length - open;
    // The character before a match in base64 belongs to it, too.
    const at = begin(isBase64(bytes[last - 1]) ? last - 1 : last);
    settledWrapped = Math.min(settledWrapped, at);
    if (open >= WRAPPED || unwrapped !== true || !text.slice(at).includes('\n')) settled = Math.min(settled, at);
  }
  return { ranges: merged(ranges), settled, settledWrapped };
}

const isBase64 = (byte: number | undefined): boolean => byte !== undefined && /[\w+/-]/.test(String.fromCharCode(byte));

function merged(ranges: Range[]): readonly Range[] {
  ranges.sort((a, b) => a.start - b.start || b.end - a.end);
  const apart: { start: number; end: number }[] = [];
  for (const range of ranges) {
    const last = apart.at(-1);
    if (last === undefined || range.start >= last.end) apart.push({ ...range });
    else last.end = Math.max(last.end, range.end);
  }
  return apart;
}

/** The characters from `start` to `end` with a mask in place of each range. */
function masked(text: string, ranges: readonly Range[], start: number, end: number): string {
  let out = '';
  let at = start;
  for (const range of ranges) {
    if (range.end <= start || range.start >= end) continue;
    out += text.slice(at, Math.max(at, range.start)) + MASK;
    at = range.end;
  }
  return out + text.slice(at, Math.max(at, end));
}

/**
 * The text with every known secret replaced by `***`, however it was encoded: percent, JSON, HTML, shell quotes, hex,
 * base64 at any alignment, wrapped over lines. Linear in the text. The last net, not the first: code that handles secrets
 * keeps them in a `Secret`. To be called before a text is cut: half of a secret is not found.
 */
export function redact(text: string, scope: RedactScope = 'text'): string {
  const matcher = matchers()?.[scope];
  if (matcher === undefined || text === '') return text;
  const { ranges } = find(text, matcher);
  return ranges.length === 0 ? text : masked(text, ranges, 0, text.length);
}

/** A copy of plain data with every text in it redacted. Keys stay: they are names. */
export function redactData<T>(value: T): T {
  // The shape stays; only texts change, so the type does too.
  return walk(value) as T;
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(walk);
  if (value !== null && typeof value === 'object') {
    if ('toJSON' in value && typeof value.toJSON === 'function') return walk(value.toJSON());
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, walk(field)]));
  }
  return value;
}

/** Redacts a stream that arrives in pieces. `push` returns what is safe to show, `end` the rest. */
export function streamRedactor(): { push(chunk: string): string; end(): string } {
  let held = '';
  /** Of these characters the first ones were shown already: they only show whether a wrapped secret follows. */
  let shown = 0;
  const take = (found: Found, end: number): string => {
    const out = masked(held, found.ranges, shown, end);
    const kept = Math.min(end, found.settledWrapped);
    held = held.slice(kept);
    shown = end - kept;
    return out;
  };
  return {
    push(chunk) {
      const matcher = matchers()?.text;
      if (matcher === undefined) return chunk;
      held += chunk;
      const whole = held;
      const cut = undecided(held);
      held = whole.slice(0, whole.length - cut);
      const found = find(held, matcher);
      const inside = found.ranges.find(({ start, end }) => start < found.settled && end > found.settled);
      const end = Math.max(shown, Math.min(found.settled, inside?.start ?? found.settled));
      const out = take(found, end);
      held += whole.slice(whole.length - cut);
      return out;
    },
    end() {
      const matcher = matchers()?.text;
      const out = matcher === undefined ? held.slice(shown) : take(find(held, matcher), held.length);
      held = '';
      shown = 0;
      return out;
    },
  };
}
