import type { ShownDifference } from '../../core/event/event.ts';
import { count } from './paint.ts';

export const isNew = ({ before }: ShownDifference): boolean => before === undefined || before === null;
const isGone = ({ after }: ShownDifference): boolean => after === undefined || after === null;

type Rows = readonly ShownDifference[];

/** Differences of one kind, described together. */
interface Family {
  readonly has: (path: string) => boolean;
  readonly words: (rows: Rows) => readonly string[];
}

const below = (prefix: string) => (path: string) => path.startsWith(`${prefix}.`);
const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const nothing = (): readonly string[] => [];

const counted =
  (noun: string, did: string) =>
  (rows: Rows): readonly string[] => [`${count(rows.length, noun)} ${did}`];

/** A container that takes over from another one differs in all that api7-orch adds: its files are no news. */
const BY_ADOPTION = (path: string): boolean =>
  path === 'phase' || path === 'name' || below('mounted')(path) || below('restartOn')(path);

/** In the order of printing. Leaves out fields computed from others (`spec`). */
const FAMILIES: readonly Family[] = [
  { has: (path) => path === 'image' || path === 'ref', words: imageWords },
  { has: (path) => path === 'digest', words: () => ['content'] },
  { has: (path) => path === 'archive', words: () => ['new archive'] },
  { has: below('ports'), words: (rows) => rows.map((row) => `port ${portOf(row.path)} ${didTo(row)}`) },
  { has: below('mounts'), words: mountWords },
  {
    has: (path) => below('mounted')(path) || below('restartOn')(path),
    words: (rows) => [...new Set(rows.map(({ path }) => `${fileName(path)} changed`))],
  },
  { has: below('env'), words: counted('variable', 'changed') },
  {
    has: (path) => path === 'memory',
    words: (rows) => rows.map((row) => `memory limit ${sizeOf(row.before)} → ${sizeOf(row.after)}`),
  },
  { has: (path) => path === 'log' || below('log')(path), words: () => ['log rotation changed'] },
  { has: (path) => path === 'extraHosts' || below('extraHosts')(path), words: () => ['extra hosts changed'] },
  { has: (path) => path === 'dns', words: () => ['name servers changed'] },
  { has: below('extras'), words: (rows) => [`removed: ${rows.map(({ path }) => extraOf(path)).join(', ')}`] },
  {
    has: below('kept'),
    words: (rows) => [`removed: ${rows.map(({ path }) => path.slice('kept.'.length)).join(', ')}`],
  },
  { has: below('labels'), words: counted('label', 'changed') },
  { has: (path) => path === 'leftover', words: () => ['leftover of an interrupted run removed'] },
  { has: (path) => path === 'running', words: () => ['was stopped'] },
  { has: (path) => path === 'spec' || path === 'mounted' || path === 'accepted', words: nothing },
];

/** The changes in words. `field` describes a difference without words of its own. */
export function changedWords(rows: Rows, field: (row: ShownDifference) => string): readonly string[] {
  const phase = rows.find(({ path, after }) => path === 'phase' && after === 'started')?.before;
  if (typeof phase !== 'string') return wordsOf(rows, field);
  const old = rows.find(({ path }) => path === 'name')?.before;
  const takes = `takes over${typeof old === 'string' ? ` from ${old}` : ''}${phase === 'found' ? '' : `, from the phase ${phase} on`}`;
  const others = rows.filter(({ path }) => !BY_ADOPTION(path));
  return [takes, ...wordsOf(others, field)];
}

function wordsOf(rows: Rows, field: (row: ShownDifference) => string): readonly string[] {
  const families = FAMILIES.flatMap(({ has, words }) => {
    const matching = rows.filter(({ path }) => has(path));
    return matching.length === 0 ? [] : words(matching);
  });
  return [...families, ...rows.filter(({ path }) => !FAMILIES.some(({ has }) => has(path))).map(field)];
}

/** A setting of another tool's container that the replacement loses, as a flag of `docker run`. */
export const extraOf = (path: string): string => path.slice('extras.'.length);
export const isExtra = below('extras');

/** Bytes in MiB. */
const sizeOf = (value: ShownDifference['before']): string =>
  typeof value === 'number' ? `${Math.round((value / 2 ** 20) * 100) / 100} MiB` : 'none';

const portOf = (path: string): string => path.slice('ports.'.length).replace(/\/tcp$/, '');
const didTo = (row: ShownDifference): string => (isNew(row) ? 'added' : isGone(row) ? 'removed' : 'changed');

/**
 * Only the tags if only they differ, else the whole names. If the names are equal, the image behind them has changed.
 */
function imageWords(rows: Rows): readonly string[] {
  const ref = rows.find(({ path }) => path === 'ref');
  if (typeof ref?.before !== 'string' || typeof ref.after !== 'string') return ['new image'];
  const [before, after] = [splitRef(ref.before), splitRef(ref.after)];
  return before.name === after.name ? [`image ${before.tag} → ${after.tag}`] : [`image ${ref.before} → ${ref.after}`];
}

/** A colon before the last slash belongs to a registry's port. */
function splitRef(ref: string): { readonly name: string; readonly tag: string } {
  const at = ref.indexOf(':', ref.lastIndexOf('/') + 1);
  return at < 0 ? { name: ref, tag: 'latest' } : { name: ref.slice(0, at), tag: ref.slice(at + 1) };
}

/** Fields below one path in the container belong to one file. */
function mountWords(rows: Rows): readonly string[] {
  const whole = rows.filter(({ path }) => !/\.(?:source|readOnly)$/.test(path));
  const parts = new Set(rows.filter((row) => !whole.includes(row)).map(({ path }) => path.replace(/\.\w+$/, '')));
  const mounted = whole.filter(isNew).length;
  const gone = whole.length - mounted;
  return [
    ...(mounted === 0 ? [] : [`${count(mounted, 'file')} mounted`]),
    ...(gone === 0 ? [] : [`${count(gone, 'file')} no longer mounted`]),
    ...(parts.size === 0 ? [] : [`${count(parts.size, 'mount')} changed`]),
  ];
}
