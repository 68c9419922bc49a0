import { canonicalJson, type Data } from '../base/data.ts';

/** One differing field. `path` is dotted (`env.TZ`, `ports.0`); a missing side is `undefined`. */
export interface Difference {
  readonly path: string;
  readonly before: Data | undefined;
  readonly after: Data | undefined;
}

const isRecord = (value: Data | undefined): value is { readonly [key: string]: Data } =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * Structural difference of two states. Lists are compared as a whole: their order matters (ports, endpoints).
 *
 * @example diff({ mode: '0640' }, { mode: '0600' }) // [{ path: 'mode', before: '0640', after: '0600' }]
 */
export function diff(before: Data | undefined, after: Data | undefined, path = ''): readonly Difference[] {
  // Unchanged values need not be plain data: gates carry their readings here.
  if (Object.is(before, after)) return [];
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => diff(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return [];
  if (path === '' && isRecord(after) && (before === null || before === undefined)) return entries(after, 'after');
  if (path === '' && isRecord(before) && (after === null || after === undefined)) return entries(before, 'before');
  return [{ path, before, after }];
}

function entries(state: { readonly [key: string]: Data }, side: 'before' | 'after'): readonly Difference[] {
  const rows = Object.entries(state).map(([path, value]) => ({
    path,
    before: side === 'before' ? value : undefined,
    after: side === 'after' ? value : undefined,
  }));
  // An empty record still differs from no state at all.
  return rows.length > 0
    ? rows
    : [{ path: '', before: side === 'before' ? {} : null, after: side === 'after' ? {} : null }];
}
