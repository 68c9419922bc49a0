import { escapedChar } from '../safe-text.ts';
import type { Pattern } from './byte-matcher.ts';

/**
 * Longer secrets are searched for as they are, line by line and in base64; other encodings of a whole key file are not
 * covered.
 */
const LONG = 200;
/** A shorter line of a longer secret could be any word. */
const SHORTEST_LINE = 8;
const PEM_BOUNDARY = /^-----[A-Z ]+-----$/;
/** Could be one of api7-orch's own words: the name of a pool, a verb, a kind of task. */
const WORD = /^[a-z]{1,12}$/;

/** Go and other languages escape these in JSON, for use in HTML. */
const escapedForHtml = (json: string): string => json.replace(/[<>&\u2028\u2029]/g, escapedChar);

/**
 * The byte patterns that find a secret in any encoding. Encodings that keep most characters (percent, JSON, HTML) are
 * decoded in the text instead.
 */
export function patternsOf(secret: string): readonly Pattern[] {
  const bytes = Buffer.from(secret);
  const whole = [secret, ...(secret.includes(' ') ? [secret.replaceAll(' ', '+')] : [])];
  const lines = secret
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && line !== secret && !PEM_BOUNDARY.test(line));
  const plain = [...whole, ...lines].map((text): Pattern => ({ bytes: Buffer.from(text) }));
  if (bytes.length > LONG) return [...plain, ...base64Patterns(bytes)];
  const hex = bytes.toString('hex');
  const json = JSON.stringify(secret).slice(1, -1);
  const inside = new Set([secret, json, escapedForHtml(json), encodeURIComponent(secret.toWellFormed())]);
  return [
    ...plain,
    { bytes: Buffer.from(hex) },
    { bytes: Buffer.from(hex.toUpperCase()) },
    ...[...inside].flatMap((text) => base64Patterns(Buffer.from(text))),
  ];
}

/** Whether the secret is a plain word that may occur in api7-orch's own sentences. */
export const isWord = (secret: string): boolean => WORD.test(secret);

/**
 * Base64 of these bytes at any offset in a longer text (`user:password`), in both alphabets. The pattern leaves out
 * characters that also hold bits of a neighbor.
 */
function base64Patterns(bytes: Uint8Array): readonly Pattern[] {
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const isMixedAtEnd = (offset + bytes.length) % 3 !== 0;
    const own = text.slice(offset === 0 ? 0 : offset + 1, isMixedAtEnd ? -1 : undefined);
    const around = { before: offset === 0 ? 0 : 1, after: isMixedAtEnd ? 1 : 0 };
    return [...new Set([own, own.replaceAll('+', '-').replaceAll('/', '_')])].map(
      (pattern): Pattern => ({ bytes: Buffer.from(pattern), ...around }),
    );
  });
}
