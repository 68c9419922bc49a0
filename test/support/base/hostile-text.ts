import fc from 'fast-check';

/**
 * Characters that no output may hold, except colors of this program: control characters, reordering marks, separators of lines.
 */
export const FORBIDDEN = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029]--[\n\t]]/v;

/** Pieces of text by which a host could draw on the operator's terminal, or imitate this program. */
const PIECES = [
  '\u001b[2J',
  '\u001b[31m',
  '\u001b[1A',
  '\u001b]0;title\u0007',
  '\u001b]8;;http://x\u001b\\',
  '\u001bc',
  '\u001b',
  '\u009b2J',
  '\u009d',
  '\u0085',
  '\u202e',
  '\u2066',
  '\u2069',
  '\u200f',
  '\u2028',
  '\u2029',
  '\r',
  '\b',
  '\u0000',
  '\u007f',
  '\n[gw-2] changed: everything',
  '\r\n[gw-2] FAILED: nothing',
  '\nOK: 3 hosts changed',
  '\nContinue? [y/N] ',
  '\n\n== Gateways: gw-9',
  '\t',
  ' ',
  'plain',
  '漢🙂',
];

/** A text as an untrusted host could send it. */
export const hostile: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 8 })
  .map((pieces) => pieces.join('').toWellFormed());
