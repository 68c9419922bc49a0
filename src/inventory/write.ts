import { dump } from 'js-yaml';
import { SCHEMA } from './read/read-yaml.ts';

/** A top-level block of an inventory, with its comments. */
export interface WrittenBlock {
  readonly key: string;
  /** Plain data and Maps; `Tagged` becomes a tag. */
  readonly value: unknown;
  readonly comments?: readonly string[];
}

/** No line of a comment ends it, whatever words of a host are in it. */
const comment = (text: string): string => `# ${text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ')}`.trimEnd();

/**
 * The text of an inventory that `loadInventory` reads as these blocks.
 *
 * @example inventoryText([{ key: 'cluster', value: 'prod' }], ['written by discover'])
 */
export function inventoryText(blocks: readonly WrittenBlock[], head: readonly string[] = []): string {
  const parts = blocks.map(({ key, value, comments = [] }) =>
    [...comments.map(comment), dump({ [key]: value }, { schema: SCHEMA, lineWidth: -1, noRefs: true })].join('\n'),
  );
  return [...head.map((line) => `${comment(line)}\n`), ...(head.length > 0 ? ['\n'] : []), ...parts].join('');
}
