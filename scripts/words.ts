import { readdirSync, readFileSync } from 'node:fs';
import { KEPT, RENAMED, REPLACED, REPLACED_IN_SRC, type Replaced } from './words-table.ts';

const ROOT = new URL('..', import.meta.url);
const FOLDERS = ['src', 'test', 'docs', 'playbooks', 'scripts', 'bench'];
const PAGES = ['README.md', 'CHANGELOG.md'];
/** These two list the old words. */
const OWN = new Set(['scripts/words-table.ts', 'test/docs/words.test.ts']);

/** An old word at its place. */
export interface Use {
  readonly file: string;
  readonly line: number;
  readonly word: string;
  readonly use: string;
  readonly text: string;
}

/** A piece of prose, and the line on which it begins. */
interface Prose {
  readonly line: number;
  readonly text: string;
}

const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[(=,:!&|?[]\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;
const TITLE = /(?:\b(?:test|it|describe)(?:\.\w+)*(?:\([^'"`]*\))?|\]\))\(\s*$/;

/**
 * The prose of a TypeScript file: its comments, and its texts of several words. Of a test only the titles: its other
 * texts are what programs print.
 *
 * @example proseOfCode("const a = 'x'; // Why.\n", false) // [{ line: 1, text: '// Why.' }]
 */
export function proseOfCode(source: string, isTest: boolean): readonly Prose[] {
  const prose: Prose[] = [];
  let line = 1;
  let seen = 0;
  for (const match of source.matchAll(TOKEN)) {
    line += newlines(source.slice(seen, match.index));
    seen = match.index;
    const [text] = match;
    const isComment = /^\/[/*]/.test(text);
    const message = /^['"`]/.test(text) ? messageIn(text) : undefined;
    const isText = message !== undefined;
    const isTitle = isTest && isText && TITLE.test(source.slice(Math.max(0, match.index - 2000), match.index));
    if (isComment) prose.push({ line, text: plainComment(text) });
    else if (message !== undefined && (!isTest || isTitle)) prose.push({ line, text: message });
  }
  return prose;
}

/** A quoted text of several words without its insertions. Undefined: a name, or a shell script, which has variables. */
function messageIn(quoted: string): string | undefined {
  const text = quoted.slice(1, -1).replace(/\$\{[^{}]*(\}|$)/g, '…');
  return /\S\s+\S/.test(text) && !/\$["(\w]/.test(text) ? text : undefined;
}

/** A page line by line. Names in backticks and the addresses of links are no prose. */
function proseOfPage(page: string): readonly Prose[] {
  return page
    .split('\n')
    .map((text, index) => ({ line: index + 1, text: withoutNames(text.replace(/\]\([^)]*\)/g, ']')) }));
}

const withoutNames = (text: string): string => text.replace(/`[^`\s]+`/g, '`…`');
const newlines = (text: string): number => text.split('\n').length - 1;

/** A comment without its examples and the stars of its lines. The ends of lines stay, to count them. */
function plainComment(comment: string): string {
  const text = comment.replace(/@example[\s\S]*?(?=\n\s*\*\s*@|\*\/)/g, (example) => '\n'.repeat(newlines(example)));
  return withoutNames(text.replace(/\n\s*\*?(?!\/)[ \t]*/g, '\n'));
}

const matcher = (list: readonly Replaced[], flags: string) =>
  list.map(({ old, use }) => ({
    use,
    pattern: new RegExp(`(?<![\\w-])(?:${old.replaceAll(' ', '\\s')})(?![\\w-])`, flags),
  }));
const inProse = matcher(REPLACED, 'gi');
const inSrc = matcher(REPLACED_IN_SRC, 'gi');
const inCode = matcher(RENAMED, 'g');

/** The old words of one file. */
export function usesIn(file: string, source: string): readonly Use[] {
  const isPage = file.endsWith('.md');
  const prose = isPage ? proseOfPage(source) : proseOfCode(source, file.startsWith('test/'));
  const isSrc = file.startsWith('src/') && !file.startsWith('src/testing/');
  const patterns = isSrc ? [...inProse, ...inSrc] : inProse;
  const names = isPage ? [] : [{ line: 1, text: source }];
  const lines = source.split('\n');
  const uses = [
    ...prose.flatMap((piece) => patterns.flatMap((pattern) => matchesIn(piece, pattern))),
    ...names.flatMap((piece) => inCode.flatMap((pattern) => matchesIn(piece, pattern))),
  ];
  return uses.map((use) => ({ ...use, file, text: lines[use.line - 1]?.trim() ?? '' })).sort((a, b) => a.line - b.line);
}

function matchesIn({ line, text }: Prose, { use, pattern }: { use: string; pattern: RegExp }) {
  return [...text.matchAll(pattern)].map((match) => ({
    word: match[0].replace('\n', ' '),
    use,
    line: line + newlines(text.slice(0, match.index)),
  }));
}

/** The old words of the whole project: those to replace, those that are kept for a reason, and reasons that no longer apply. */
export function countWords(): {
  readonly left: readonly Use[];
  readonly kept: readonly Use[];
  readonly stale: readonly string[];
} {
  const files = [...PAGES, ...FOLDERS.flatMap(filesBelow)].filter((file) => !OWN.has(file));
  const uses = files.flatMap((file) => usesIn(file, readFileSync(new URL(file, ROOT), 'utf8')));
  const reasonOf = ({ file, text }: Use) => KEPT.find((kept) => kept.file === file && text.includes(kept.text));
  const reasons = new Set(uses.map(reasonOf));
  return {
    left: uses.filter((use) => reasonOf(use) === undefined),
    kept: uses.filter((use) => reasonOf(use) !== undefined),
    stale: KEPT.filter((kept) => !reasons.has(kept)).map(({ file, text }) => `${file}: ${text}`),
  };
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|md)$/.test(name))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** Prints each old word with its place; an argument limits the list to files whose path begins with it. */
function main(prefix = ''): void {
  const { left, kept } = countWords();
  const shown = left.filter(({ file }) => file.startsWith(prefix));
  for (const { file, line, word, use, text } of shown) console.log(`${file}:${line}: "${word}" (${use}): ${text}`);
  const folders = Map.groupBy(left, ({ file }) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file));
  console.log([...folders].map(([folder, uses]) => `${folder} ${uses.length}`).join(', '));
  console.log(`${left.length} to replace, ${kept.length} kept for a reason`);
}

if (import.meta.main) main(process.argv[2]);
