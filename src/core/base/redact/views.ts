/** A text as bytes, with the position in the text for each byte. */
export interface View {
  readonly bytes: Uint8Array;
  /** First and last character of each byte. `undefined`: byte and character positions are the same. */
  readonly from?: Int32Array;
  readonly to?: Int32Array;
  /** Line ends are removed. */
  readonly unwrapped?: boolean;
}

/** The text as it is, in UTF-8. */
function plainView(text: string): View {
  const bytes = Buffer.from(text);
  if (bytes.length === text.length) return { bytes };
  const from = new Int32Array(bytes.length);
  const to = new Int32Array(bytes.length);
  let at = 0;
  let place = 0;
  for (const char of text) {
    // Half of a surrogate pair becomes the replacement character, of three bytes.
    const size = Buffer.byteLength(char);
    for (const end = at + size; at < end; at++) {
      from[at] = place;
      to[at] = place + char.length;
    }
    place += char.length;
  }
  return { bytes, from, to };
}

/** An encoded character: how many bytes it takes, and which bytes it represents. */
interface Token {
  readonly size: number;
  readonly bytes: readonly number[] | Uint8Array;
}

/** Reads the token at a byte; `undefined`: the byte is not encoded. */
type ReadToken = (bytes: Uint8Array, at: number) => Token | undefined;

const code = (char: string): number => char.charCodeAt(0);
const PERCENT = code('%');
const BACKSLASH = code('\\');
const AMPERSAND = code('&');
const QUOTE = code("'");
const DOUBLE = code('"');
const LF = code('\n');
const CR = code('\r');

const hexValue = (byte: number | undefined): number => {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
};

function hexNumber(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const digit = hexValue(bytes[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** `%2F`, `%2f`: URLs, forms. */
const percent: ReadToken = (bytes, at) => {
  if (bytes[at] !== PERCENT) return undefined;
  const value = hexNumber(bytes, at + 1, 2);
  return value < 0 ? undefined : { size: 3, bytes: [value] };
};

const LETTERS: ReadonlyMap<number, number> = new Map(
  [...'nrtbf'].map((letter, i) => [code(letter), [10, 13, 9, 8, 12][i] ?? 0]),
);
const SMALL_U = code('u');
const SMALL_X = code('x');
/** A quote inside a quoted shell word: `'\''`, `'"'"'`. */
const SHELL_QUOTES = [`'\\''`, `'"'"'`].map((text) => Buffer.from(text));

const shellQuote: ReadToken = (bytes, at) => {
  if (bytes[at] !== QUOTE) return undefined;
  const quote = SHELL_QUOTES.find((text) => text.every((byte, i) => bytes[at + i] === byte));
  return quote === undefined ? undefined : { size: quote.length, bytes: [QUOTE] };
};

/** `\u0026`, `\x26`, `\046`, `\n`, `\"`: JSON, C, logs. */
const backslash: ReadToken = (bytes, at) => {
  if (bytes[at] !== BACKSLASH || at + 1 >= bytes.length) return undefined;
  const next = bytes[at + 1] ?? 0;
  if (next === SMALL_U) return unicodeEscape(bytes, at);
  if (next === SMALL_X) {
    const value = hexNumber(bytes, at + 2, 2);
    return value < 0 ? undefined : { size: 4, bytes: [value] };
  }
  const octal = octalNumber(bytes, at + 1);
  return octal < 0 ? { size: 2, bytes: [LETTERS.get(next) ?? next] } : { size: 4, bytes: [octal] };
};

function octalNumber(bytes: Uint8Array, at: number): number {
  const first = (bytes[at] ?? 0) - 48;
  if (first < 0 || first > 3) return -1;
  const second = (bytes[at + 1] ?? 0) - 48;
  const third = (bytes[at + 2] ?? 0) - 48;
  const isOctal = second >= 0 && second <= 7 && third >= 0 && third <= 7;
  return isOctal ? first * 64 + second * 8 + third : -1;
}

function unicodeEscape(bytes: Uint8Array, at: number): Token | undefined {
  const first = hexNumber(bytes, at + 2, 4);
  if (first < 0) return undefined;
  const isPair = first >= 0xd800 && first <= 0xdbff && bytes[at + 6] === BACKSLASH && bytes[at + 7] === SMALL_U;
  const second = isPair ? hexNumber(bytes, at + 8, 4) : -1;
  return second < 0
    ? { size: 6, bytes: Buffer.from(String.fromCharCode(first)) }
    : { size: 12, bytes: Buffer.from(String.fromCharCode(first, second)) };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const LONGEST_ENTITY = 10;

/** `&amp;`, `&#38;`, `&#x26;`: HTML, XML. */
const entity: ReadToken = (bytes, at) => {
  if (bytes[at] !== AMPERSAND) return undefined;
  const end = bytes.subarray(at, at + LONGEST_ENTITY).indexOf(code(';'));
  if (end < 0) return undefined;
  const name = Buffer.from(bytes.subarray(at + 1, at + end)).toString('latin1');
  const number = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name);
  const value = number === null ? Number.NaN : Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10);
  const text = value <= 0x10ffff ? String.fromCodePoint(value) : ENTITIES[name];
  return text === undefined ? undefined : { size: end + 1, bytes: Buffer.from(text) };
};

/** `''` (SQL, YAML) and `""` (CSV). */
const doubled =
  (quote: number): ReadToken =>
  (bytes, at) =>
    bytes[at] === quote && bytes[at + 1] === quote ? { size: 2, bytes: [quote] } : undefined;
const doubledSingle = doubled(QUOTE);
const doubledDouble = doubled(DOUBLE);

/** A line end with the indent of the next line: joins a long word that was wrapped. */
const lineEnd: ReadToken = (bytes, at) => {
  const begin = bytes[at] === CR ? at + 1 : at;
  if (bytes[begin] !== LF) return undefined;
  let end = begin + 1;
  while (bytes[end] === 32 || bytes[end] === 9) end++;
  return { size: end - at, bytes: [] };
};

const any: ReadToken = (bytes, at) =>
  percent(bytes, at) ??
  shellQuote(bytes, at) ??
  backslash(bytes, at) ??
  entity(bytes, at) ??
  doubledSingle(bytes, at) ??
  doubledDouble(bytes, at) ??
  lineEnd(bytes, at);

function decoded({ bytes, from, to, unwrapped }: View, read: ReadToken): View {
  const out = new Uint8Array(bytes.length);
  const begins = new Int32Array(bytes.length);
  const ends = new Int32Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const token = read(bytes, at);
    const size = token?.size ?? 1;
    for (const byte of token?.bytes ?? [bytes[at] ?? 0]) {
      out[length] = byte;
      begins[length] = from === undefined ? at : (from[at] ?? 0);
      ends[length] = to === undefined ? at + size : (to[at + size - 1] ?? 0);
      length++;
    }
    at += size;
  }
  return {
    bytes: out.subarray(0, length),
    from: begins,
    to: ends,
    unwrapped: unwrapped === true || read === lineEnd || read === any,
  };
}

/** Signs of an encoding in a text, with its decoder. Most texts have none of them. */
const SIGNS: readonly (readonly [RegExp, ReadToken])[] = [
  [/%[0-9a-f]{2}/i, percent],
  [/\\/, backslash],
  [/'\\''|'"'"'/, shellQuote],
  [/&[#a-z]/i, entity],
  [/''/, doubledSingle],
  [/""/, doubledDouble],
  [/\n/, lineEnd],
];

/**
 * All decodings of a text that may reveal a secret: as it is, with one encoding removed, with all removed once, and
 * with all removed twice (a URL in JSON, JSON in JSON).
 */
export function viewsOf(text: string): readonly View[] {
  const plain = plainView(text);
  const reads = SIGNS.flatMap(([sign, read]) => (sign.test(text) ? [read] : []));
  const views = [plain, ...reads.map((read) => decoded(plain, read))];
  if (reads.every((read) => read === lineEnd)) return views;
  // JSON in JSON, for a secret that another decoder would misread.
  if (/\\\\/.test(text)) views.push(decoded(decoded(plain, backslash), backslash));
  const once = decoded(plain, any);
  return [...views, once, decoded(once, any)];
}

/** First character of an encoded character, or half a surrogate pair. */
const MARK = /[\\%&'"\r\ud800-\udbff]/;
/** Upper bound for the length of an encoded character, encoded twice at most. */
const LONGEST_TOKEN = 16;
/** At most this much of a word is searched for the start of an encoded character. */
const LONGEST_WORD = 256;

/** Number of characters at the end of a text that cannot be decoded yet: at most its last word. */
export function undecided(text: string): number {
  if (!MARK.test(text.slice(-LONGEST_TOKEN))) return 0;
  const word = /[^ \t\n]*$/.exec(text.slice(-LONGEST_WORD))?.[0].length ?? 0;
  return word < LONGEST_WORD ? word : LONGEST_TOKEN;
}
