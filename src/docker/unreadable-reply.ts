import { firstChars } from '../core/base/excerpt.ts';
import { COUNTS } from '../core/bounds/limits.ts';

/** A reply on the Docker socket that no Docker Engine sends. */
export class UnreadableReply extends Error {}

/** The start of a reply, on one line, for a message. */
export const excerpt = (text: string): string =>
  firstChars(text, 1000)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 200);

/** Each value but the first follows one of these. */
const BEFORE_VALUES: ReadonlySet<number> = new Set(Buffer.from(',[{'));

/** More values than a JSON reply may contain: an object takes many times the bytes of `{}`. */
function hasTooMany(bytes: Buffer): boolean {
  let values = 0;
  for (const byte of bytes) if (BEFORE_VALUES.has(byte)) values++;
  return values > COUNTS.jsonValues.most;
}

/** @throws UnreadableReply with the start of the text if it is no JSON, or has too many values */
export function parseJson(bytes: Buffer): unknown {
  if (hasTooMany(bytes)) throw new UnreadableReply(`more than ${COUNTS.jsonValues.most} values`);
  const text = bytes.toString();
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableReply(`not JSON: ${excerpt(text) || 'nothing'}`);
  }
}
