import { writeFileSync } from 'node:fs';
import { ERROR_CODES } from '../src/core/errors/error-codes.ts';

/**
 * The page of all error codes, as Markdown.
 *
 * @example errorsPage().includes('| `DISK_FULL` |') // true
 */
export function errorsPage(): string {
  const sections = Object.entries(ERROR_CODES).map(([title, codes]) => {
    const rows = Object.entries(codes).map(
      ([code, [meaning, action]]) => `| \`${code}\` | ${cell(meaning)} | ${cell(action)} |`,
    );
    return [`## ${title}`, '', '| Code | What it means | What to do |', '|---|---|---|', ...rows, ''].join('\n');
  });
  return [
    '# Error codes',
    '',
    'Every error names a code, the host and the task. Look the code up here, or search the journal for it.',
    'Exit codes are on [a page of their own](exit-codes.md). Codes that begin with `X_` come from your own task types, gates and drivers.',
    '',
    'This page is generated from `src/core/errors` by `npm run errors-page`.',
    '',
    ...sections,
  ].join('\n');
}

/** What Markdown would take for the end of a cell, or for a tag. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<');

if (import.meta.main) writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
