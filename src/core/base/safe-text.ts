/** An introducer with what belongs to it: colors, cursor moves (CSI); titles, links (OSC, DCS, PM, APC, SOS); single steps. */
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0000-\u001f\u007f-\u009f]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]+[0-~]/g;
/** What a terminal acts on, or what changes the order in which a text is read. Ends of lines and tabs stay. */
const UNSAFE = /[[\p{Cc}\p{Bidi_Control}]--[\n\t]]/gv;
const LINE_SEPARATORS = /[\u2028\u2029]/g;
const MAY_BE_UNSAFE = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029]--[\n\t]]/v;

/**
 * Words from outside, without what could draw on a terminal or reorder a line: escape sequences, control characters (C1
 * included), bidirectional marks, separators of lines. Ends of lines stay. Linear in the text.
 */
export const safeText = (text: string): string =>
  MAY_BE_UNSAFE.test(text) ? text.replace(SEQUENCE, '').replace(LINE_SEPARATORS, ' ').replace(UNSAFE, '') : text;

/** A copy of plain data with every text in it made safe, keys too. */
export function safeData<T>(value: T): T {
  // The shape stays; only texts change, so the type does too.
  return walk(value) as T;
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return safeText(value);
  if (Array.isArray(value)) return value.map(walk);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [safeText(key), walk(field)]));
}

/**
 * JSON in which everything that a terminal could act on is escaped. JSON itself escapes only the characters below a blank;
 * read back, it is the same value.
 */
export const safeJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    /[[\p{Cc}\p{Bidi_Control}\u2028\u2029]--\n]/gv,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** What stands before the further lines of a text, so that none of them can be taken for a line of the program. */
const INDENT = '    ';

/** The text with its further lines indented, below the first one; empty ones are left out. */
export function indented(text: string): string {
  if (!text.includes('\n')) return text;
  const [first = '', ...more] = text.split('\n');
  const indent = (/^ */.exec(first)?.[0] ?? '') + INDENT;
  return [first, ...more.filter((line) => line.trim() !== '').map((line) => indent + line)].join('\n');
}
