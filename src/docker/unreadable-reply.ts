import { firstChars } from '../core/base/excerpt.ts';
/** An answer on the Docker socket that no Docker Engine gives. */
export class UnreadableReply extends Error {}

/** The start of an answer, on one line, for a message. */
export const excerpt = (text: string): string =>
  firstChars(text, 1000)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 200);

/**
 * @throws UnreadableReply with the start of what is not JSON
 */
export function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString();
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableReply(`not JSON: ${excerpt(text) || 'nothing'}`);
  }
}
