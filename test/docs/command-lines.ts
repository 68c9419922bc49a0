import { type Block, blocksOf, inlineCodeOf, placeOf } from './pages.ts';

/** A command line of a page, as words. */
export interface CommandLine {
  readonly place: string;
  readonly words: readonly string[];
}

const LANGUAGES = new Set(['sh', 'console', 'text', '']);

/** Words of the first command of a shell line; quotes, comments, pipes and redirections are understood. */
export function shellWords(line: string): readonly string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"])+/g)) {
    if (/^(#|;|\||&&|>|2>)/.test(word)) break;
    const ends = word.endsWith(';');
    words.push((ends ? word.slice(0, -1) : word).replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
    if (ends) break;
  }
  return words.filter((word) => word !== '…');
}

/** What follows `program` in each line of code that runs it. */
function inBlock(block: Block, program: RegExp): readonly CommandLine[] {
  if (!LANGUAGES.has(block.language)) return [];
  // A line of a shell begins with its command, perhaps after variables; a line of an output may end with one.
  const before = block.language === 'sh' ? String.raw`^(?:\w+=\S+ )*` : String.raw`^\$ |: +|; `;
  const starts = new RegExp(`(?:${before})(?:${program.source}) (?=[a-z-])`);
  return block.code.split('\n').flatMap((line, index) => {
    const match = starts.exec(line);
    if (match === null) return [];
    const words = shellWords(line.slice(match.index + match[0].length));
    return [{ place: placeOf({ ...block, line: block.line + index }), words }];
  });
}

/** The command lines of a page's code blocks that run a program. */
export const commandLines = (page: string, program: RegExp): readonly CommandLine[] =>
  blocksOf(page).flatMap((block) => inBlock(block, program));

/** The command lines in the text of a page: `api7-orch lb drain`. They may leave out arguments. */
export const inlineCommands = (page: string, program: string): readonly CommandLine[] =>
  inlineCodeOf(page)
    .filter((code) => code.startsWith(`${program} `))
    .map((code) => ({ place: page, words: shellWords(code.slice(program.length + 1)) }));
