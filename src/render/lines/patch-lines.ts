import { structuredPatch } from 'diff/lib/patch/create.js';
import type { Patch } from '../../core/task/change.ts';
import type { Paint } from './paint.ts';

const MOST_LINES = 400;
/** A difference that takes longer to compute is too large to read. */
const TIME_LIMIT_MS = 500;

/** The hunks of a unified diff, colored. Empty if both texts are equal. */
export function patchLines(patch: Patch, paint: Paint): readonly string[] {
  const before = patch.before;
  const after = patch.after;
  if (before === after) return [];
  const made = structuredPatch('', '', before, after, undefined, undefined, { context: 3, timeout: TIME_LIMIT_MS });
  if (made === undefined) return [paint('dim', '(too different to show)')];
  const lines = made.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    ...lines,
  ]);
  const shown = lines.slice(0, MOST_LINES).map((line) => coloured(line, paint));
  return lines.length <= MOST_LINES ? shown : [...shown, paint('dim', `… ${lines.length - MOST_LINES} more lines`)];
}

function coloured(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint('green', line);
  if (line.startsWith('-')) return paint('red', line);
  return line.startsWith('@@') || line.startsWith('\\') ? paint('cyan', line) : line;
}
