import { ByteMatcher } from './redact/byte-matcher.ts';
import { isWord, patternsOf } from './redact/secret-patterns.ts';
import { undecided, viewsOf } from './redact/views.ts';
import { knownSecrets, MASK } from './secret.ts';

/** `text`: may hold words from outside. `words`: a sentence of api7-orch, in which a plain word is no secret. */
export type RedactScope = 'text' | 'words';

interface Matchers {
  readonly of: ReadonlySet<string>;
  readonly count: number;
  readonly text: ByteMatcher;
  readonly words: ByteMatcher;
}

let cache: Matchers | undefined;

/** Built at the first redaction, and again after another secret is registered. */
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

/**
 * Ranges of secrets in a text, in order and without overlaps, and the earliest position where an incomplete secret may
 * begin.
 */
interface Found {
  readonly ranges: readonly Range[];
  /** Later text cannot change the result before this position. */
  readonly settled: number;
  /** Like `settled`, but also for secrets that are wrapped after their first characters. */
  readonly settledWrapped: number;
}

/** A match of fewer characters at the end of a line does not hold the line back: any line could end so. */
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
    // The base64 character before the match holds bits of the secret too.
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

/** The characters from `start` to `end`, each range replaced by a mask. */
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
 * The text with each known secret replaced by `***`, in all common encodings: percent, JSON, HTML, shell quotes, hex,
 * base64 at any alignment, wrapped over lines. Takes linear time. This is the last line of defense: code that handles
 * secrets keeps them in a `Secret`. Call it before cutting a text: half a secret is not found.
 */
export function redact(text: string, scope: RedactScope = 'text'): string {
  const matcher = matchers()?.[scope];
  if (matcher === undefined || text === '') return text;
  const { ranges } = find(text, matcher);
  return ranges.length === 0 ? text : masked(text, ranges, 0, text.length);
}

/** A copy of plain data with each text redacted. Keys stay as they are: they are names. */
export function redactData<T>(value: T): T {
  // Only texts change, so the type stays the same.
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

/** Redacts a stream that arrives in pieces. `push` returns the text that is safe to print, `end` the rest. */
export function streamRedactor(): { push(chunk: string): string; end(): string } {
  let held = '';
  /** The first `shown` characters were returned already; they stay to detect a wrapped secret. */
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
