import { dotted } from '../../inventory/problem.ts';
import { byPosition, type Positions } from '../../inventory/read/positions.ts';
import type { Advice } from './advice.ts';

/** Two lines for each recommendation, with file, line and column as in errors, in the order of the file, without repetitions. */
export function adviceLines(advice: readonly Advice[], file: string, positions: Positions): readonly string[] {
  const placed = advice.map(({ places, message, hint }) => {
    const path = places.find((place) => positions.has(place)) ?? places[0];
    const at = positions.at(path, 'key');
    const text = `${file}:${at.line}:${at.col}: ${dotted(path)}: recommended: ${message}`;
    return { at, lines: [text, `hint: ${hint}`] };
  });
  const ordered = placed.toSorted(byPosition);
  return [...new Map(ordered.map(({ lines }) => [lines.join('\n'), lines])).values()].flat();
}
