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
    '# Errors',
    '',
    'This page shows the meaning of each error code, and what to do. Every error has a code, a message and a hint. Search for the code here,',
    'or find its details in the journals of your runs:',
    '',
    '```sh',
    `grep '"code":"NOT_READY"' ~/.local/state/api7-orch/runs/*`,
    '```',
    '',
    'Codes that begin with `X_` come from your own task types, gates and drivers. The exit code of a command is different: see [Exit codes](exit-codes.md).',
    '',
    'This page is generated from `src/core/errors` by `npm run errors-page`.',
    '',
    ...sections,
  ].join('\n');
}

/** Characters that Markdown takes for the end of a cell, or for a tag. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<');

if (import.meta.main) writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
