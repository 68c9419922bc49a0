import { safeText } from '../../core/base/safe-text.ts';

/** One line typed at a terminal in raw mode. */
export interface PromptLine {
  /** Takes typed characters and returns what to echo; ignores input after the end. */
  readonly feed: (typed: string) => string;
  /** `entered`: by return. `interrupted`: Ctrl-C. `closed`: Ctrl-D on an empty line. */
  readonly end: () => 'entered' | 'interrupted' | 'closed' | undefined;
  readonly text: () => string;
}

const ESCAPE = '\u001b';
/** Arrows, function keys, marks of pasted text. */
const SEQUENCE = new RegExp(`${ESCAPE}(?:\\[[0-9;?]*[ -/]*[@-~]|O.|[^[O])`, 'g');
const CUT_SEQUENCE = new RegExp(`${ESCAPE}(?:\\[[0-9;?]*|O)?$`);
const BACKSPACE = '\b \b';

export function promptLine(echo: boolean): PromptLine {
  let line: readonly string[] = [];
  let rest = '';
  let end: ReturnType<PromptLine['end']>;

  const drop = (count: number): string => {
    const gone = Math.min(count, line.length);
    line = line.slice(0, line.length - gone);
    return echo ? BACKSPACE.repeat(gone) : '';
  };
  const take = (char: string): string => {
    switch (char) {
      case '\r':
      case '\n':
        end = 'entered';
        return '';
      case '\u0003':
        end = 'interrupted';
        return '';
      case '\u0004':
        if (line.length === 0) end = 'closed';
        return '';
      case '\u007f':
      case '\b':
        return drop(1);
      case '\u0015':
        return drop(line.length);
      default:
        if (char < ' ') return '';
        line = [...line, char];
        return echo ? safeText(char) : '';
    }
  };
  return {
    feed(typed) {
      const all = rest + typed;
      rest = CUT_SEQUENCE.exec(all)?.[0] ?? '';
      let show = '';
      for (const char of all.slice(0, all.length - rest.length).replace(SEQUENCE, '')) {
        if (end !== undefined) break;
        show += take(char);
      }
      return show;
    },
    end: () => end,
    text: () => line.join(''),
  };
}
