export interface WrapOptions {
  /** Margin of all lines but the first. */
  readonly hang?: number;
  /** Columns of a word; default: its characters. */
  readonly length?: (word: string) => number;
}

/** A text in lines of at most `width`; a longer word gets its own line. */
export function wrapped(
  text: string,
  width: number,
  { hang = 0, length = (word) => word.length }: WrapOptions = {},
): readonly string[] {
  const lines: { text: string; used: number }[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    const own = length(word);
    if (last !== undefined && last.used + 1 + own <= width) {
      last.text += ` ${word}`;
      last.used += 1 + own;
    } else
      lines.push(last === undefined ? { text: word, used: own } : { text: ' '.repeat(hang) + word, used: hang + own });
  }
  return lines.map((line) => line.text);
}

/** An item of a list, in lines of at most `width`. */
export const bullet = (text: string, width: number): readonly string[] =>
  wrapped(text, width - 2).map((line, at) => `${at === 0 ? '- ' : '  '}${line}`);
