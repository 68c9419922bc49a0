import type { Data } from '../../core/base/data.ts';
import type { ShownDifference } from '../../core/event/event.ts';
import { changedWords, extraOf, isExtra, isNew } from './field-words.ts';
import { oneLine } from './paint.ts';

const FIELDS_IN_A_LINE = 6;
const DIGEST = /^(?:[a-z0-9]+:)?([0-9a-f]{8})[0-9a-f]{24,}$/;

/** A short form of a value. Digests are cut to a few characters. */
export function shortValue(value: Data | undefined, width = 40): string {
  if (value === undefined || value === null) return 'none';
  if (typeof value === 'object') return oneLine(partsOf(value, width), width);
  if (typeof value !== 'string') return oneLine(String(value), width);
  const digest = DIGEST.exec(value);
  return digest?.[1] === undefined ? oneLine(value === '' ? '""' : value, width) : `${digest[1]}…`;
}

/** The items of a list, or the fields of an object with their names. */
function partsOf(value: Exclude<Data, null | boolean | number | string>, width: number): string {
  const parts = Array.isArray(value)
    ? value.map((item: Data) => shortValue(item, width))
    : Object.entries(value).map(([key, field]) => `${key} ${shortValue(field, width)}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** One difference as a field: `mode: 0644 → 0640`. */
export const differenceText = ({ path, before, after }: ShownDifference, width?: number): string =>
  path === 'digest'
    ? 'content'
    : isExtra(path)
      ? `removed: ${extraOf(path)}`
      : `${path === '' ? 'state' : path}: ${shortValue(before, width)} → ${shortValue(after, width)}`;

/** Whether the object did not exist before. */
export const isAllNew = (differences: readonly ShownDifference[]): boolean =>
  differences.length > 0 && differences.every(isNew);

/**
 * The change of an existing object, in words and in brackets; '' if there are no differences.
 *
 * @example summary([{ path: 'mode', before: '0644', after: '0640' }]) // ' (mode 0644 → 0640)'
 */
export function summary(differences: readonly ShownDifference[]): string {
  if (isAllNew(differences)) return '';
  const words = changedWords(differences, (row) => {
    const isPlain = [row.before, row.after].every((value) => isShort(value));
    const name = row.path === '' ? 'state' : (NAMES[row.path] ?? row.path);
    return isPlain ? `${name} ${shortValue(row.before)} → ${shortValue(row.after)}` : `${name} changed`;
  });
  const shown = words.slice(0, FIELDS_IN_A_LINE);
  const rest = words.length - shown.length;
  return shown.length === 0 ? '' : ` (${shown.join(', ')}${rest === 0 ? '' : `, ${rest} more`})`;
}

/** Names for people, of fields whose own name is two words in one. */
const NAMES: Readonly<Record<string, string>> = {
  stopSignal: 'stop signal',
  stopTimeoutSeconds: 'stop timeout in seconds',
  nofile: 'open files',
};

/** Digests and lists are useless in one line. */
const isShort = (value: Data | undefined): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' ? !DIGEST.test(value) : typeof value !== 'object');
