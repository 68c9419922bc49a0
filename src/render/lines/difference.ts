import type { Data } from '../../core/base/data.ts';
import type { ShownDifference } from '../../core/event/event.ts';
import { oneLine } from './paint.ts';

const FIELDS_IN_A_LINE = 4;
const DIGEST = /^(?:[a-z0-9]+:)?([0-9a-f]{8})[0-9a-f]{24,}$/;

/** A value in few characters. Digests are cut to what tells them apart. */
export function shortValue(value: Data | undefined, width = 40): string {
  if (value === undefined) return 'none';
  if (typeof value !== 'string') return oneLine(JSON.stringify(value), width);
  const digest = DIGEST.exec(value);
  return digest?.[1] === undefined ? oneLine(value === '' ? '""' : value, width) : `${digest[1]}…`;
}

const isNew = ({ before }: ShownDifference): boolean => before === undefined || before === null;

/** One difference: `mode: 0644 → 0640`. Of content nobody compares digests by eye: there it is just `content`. */
export const differenceText = ({ path, before, after }: ShownDifference, width?: number): string =>
  path === 'digest'
    ? 'content'
    : `${path === '' ? 'state' : path}: ${shortValue(before, width)} → ${shortValue(after, width)}`;

/**
 * All differences of a task in brackets, or nothing.
 *
 * @example summary([{ path: 'mode', before: '0644', after: '0640' }]) // ' (mode: 0644 → 0640)'
 */
export function summary(differences: readonly ShownDifference[]): string {
  if (differences.length === 0) return '';
  if (differences.every(isNew)) return ' (new)';
  const shown = differences.slice(0, FIELDS_IN_A_LINE).map((row) => differenceText(row));
  const rest = differences.length - shown.length;
  return ` (${shown.join(', ')}${rest === 0 ? '' : `, ${rest} more`})`;
}
