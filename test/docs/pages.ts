import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
/** All pages for users and engineers, by path from the root of the project. */
export const PAGES: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
];

export const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** A code block. */
export interface Block {
  readonly page: string;
  /** Of its first line of code. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** The comment on the line above: `<!-- output: status -->`. */
  readonly mark: string | undefined;
}

const FENCE = /^(?:<!-- (.+) -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm;

/** All code blocks of a page. */
export const blocksOf = (page: string): readonly Block[] =>
  [...textOf(page).matchAll(FENCE)].map((match) => {
    const [whole, mark, language = '', code = ''] = match;
    const before = textOf(page).slice(0, match.index + whole.indexOf('```'));
    return { page, line: before.split('\n').length + 1, language, code, mark };
  });

/** A page without its code blocks. */
export const proseOf = (page: string): string => textOf(page).replace(FENCE, '');

/** Inline code: `npm run check`. */
export const inlineCodeOf = (page: string): readonly string[] =>
  [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

/** `page:line`, for messages. */
export const placeOf = ({ page, line }: Block): string => `${page}:${line}`;
