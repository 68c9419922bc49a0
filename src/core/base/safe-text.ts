/**
 * Escape sequences: colors and cursor moves (CSI); titles and links (OSC, DCS, PM, APC, SOS); two-character escapes.
 */
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern removes them
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0000-\u001f\u007f-\u009f]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]+[0-~]/g;
/** Characters that control a terminal or change the reading order. Line ends and tabs stay. */
const UNSAFE = /[[\p{Cc}\p{Bidi_Control}]--[\n\t]]/gv;
const LINE_SEPARATORS = /[\u2028\u2029]/g;
const MAY_BE_UNSAFE = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029]--[\n\t]]/v;

/**
 * Text from outside, made safe to print: without escape sequences, control characters (C1 included), bidirectional
 * marks and line separators. Line ends stay. Takes linear time.
 */
export const safeText = (text: string): string =>
  MAY_BE_UNSAFE.test(text) ? text.replace(SEQUENCE, '').replace(LINE_SEPARATORS, ' ').replace(UNSAFE, '') : text;

/** A copy of plain data with each text made safe, keys too. */
export function safeData<T>(value: T): T {
  // Only texts change, so the type stays the same.
  return walk(value) as T;
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return safeText(value);
  if (Array.isArray(value)) return value.map(walk);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [safeText(key), walk(field)]));
}

/**
 * JSON with each character escaped that could control a terminal. JSON itself escapes only control characters below a
 * space. Parsing it gives the same value.
 */
export const safeJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(/[[\p{Cc}\p{Bidi_Control}\u2028\u2029]--\n]/gv, escapedChar);

/** A character as JSON escapes it. */
export const escapedChar = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Prefix of all lines but the first, so that host output is never taken for a line of api7-orch. */
const INDENT = '    ';

/** The text with all lines but the first indented; empty lines are removed. */
export function indented(text: string): string {
  if (!text.includes('\n')) return text;
  const [first = '', ...more] = text.split('\n');
  const indent = (/^ */.exec(first)?.[0] ?? '') + INDENT;
  return [first, ...more.filter((line) => line.trim() !== '').map((line) => indent + line)].join('\n');
}
