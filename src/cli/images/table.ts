import type { Finding } from '../../api7/image-contract/finding.ts';
import { count } from '../../render/lines/paint.ts';
import { type Cell, spaced, type TableOptions, tableLines } from '../../render/lines/table.ts';
import { errorLines } from '../lb/table.ts';
import { findingsOf, type ImagesReport, type VerifiedImage } from './report.ts';

const SERVICES: Readonly<Record<VerifiedImage['service'], string>> = {
  gateway: 'gateway',
  dashboard: 'dashboard',
  dpManager: 'dp-manager',
};

/** Minimum width for wrapping a text. */
const LEAST = 20;
const GAP = 2;

/** `images verify` for people: the images, differences with hints, unknown findings, then errors. */
export function imagesLines(report: ImagesReport, options: TableOptions): readonly string[] {
  const { paint } = options;
  const differences = findingsOf(report, 'differs');
  const unseen = findingsOf(report, 'notShown');
  const head = [{ title: 'IMAGE' }, { title: 'HOST' }, { title: 'MET' }, { title: 'REFERENCE' }];
  return spaced([
    report.images.length === 0 ? [] : tableLines(head, report.images.map(rowOf), options),
    differences.length === 0 ? [] : [paint('bold', 'Different'), ...differenceLines(differences, options)],
    unseen.length === 0 ? [] : [paint('bold', 'Not shown'), ...unseenLines(unseen, options)],
    report.errors.flatMap((error) => errorLines(error, paint)),
    [verdict(report, options)],
  ]);
}

const rowOf = ({ service, host, ref, findings }: VerifiedImage): readonly Cell[] => [
  SERVICES[service],
  host,
  `${findings.filter(({ outcome }) => outcome === 'met').length} of ${findings.length}`,
  ref,
];

type Row = ReturnType<typeof findingsOf>[number];

const nameOf = ({ service }: Pick<Row, 'service'>): string => SERVICES[service];

/** Never cuts a text: long ones continue below. The hint is below its row. */
function differenceLines(rows: readonly Row[], options: TableOptions): readonly string[] {
  const columns = [{ title: 'IMAGE' }, { title: 'WHAT' }, { title: 'EXPECTED' }, { title: 'FOUND' }];
  const before = widthOf(
    [rows.map(nameOf), rows.map(({ what }) => what), rows.map(({ expected }) => expected)],
    columns,
  );
  const image = widthOf([rows.map(nameOf)], columns);
  return tableLines(
    columns,
    rows.flatMap((row) => [
      ...broken(row.found, options.width - before).map((found, at): readonly Cell[] =>
        at === 0 ? [{ text: nameOf(row), color: 'red' }, row.what, row.expected, found] : ['', '', '', found],
      ),
      ...broken(`hint: ${row.next ?? ''}`, options.width - image).map((text): readonly Cell[] => ['', text]),
    ]),
    options,
  );
}

function unseenLines(rows: readonly Row[], options: TableOptions): readonly string[] {
  const columns = [{ title: 'IMAGE' }, { title: 'WHAT' }, { title: 'WHY' }];
  const before = widthOf([rows.map(nameOf), rows.map(({ what }) => what)], columns);
  return tableLines(
    columns,
    rows.flatMap((row) =>
      broken(row.found, options.width - before).map((why, at): readonly Cell[] =>
        at === 0 ? [nameOf(row), row.what, why] : ['', '', why],
      ),
    ),
    options,
  );
}

/** Width of the columns before the last one. */
const widthOf = (fields: readonly (readonly string[])[], columns: readonly { readonly title: string }[]): number =>
  fields.reduce(
    (sum, texts, at) => sum + Math.max(columns[at]?.title.length ?? 0, ...texts.map(({ length }) => length)) + GAP,
    0,
  );

/** The text in lines of this width; longer words are divided. */
function broken(text: string, width: number): readonly string[] {
  const most = Math.max(LEAST, width);
  const lines = [''];
  for (const word of text.split(/\s+/).flatMap((each) => each.match(new RegExp(`.{1,${most}}`, 'gu')) ?? [])) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function verdict(report: ImagesReport, { paint }: TableOptions): string {
  const number = (outcome: Finding['outcome']): number => findingsOf(report, outcome).length;
  const [differ, unseen] = [number('differs'), number('notShown')];
  const parts = [
    ...(differ > 0 ? [count(differ, 'difference')] : []),
    ...(unseen > 0 ? [`${unseen} not shown`] : []),
    ...(report.errors.length > 0 ? [count(report.errors.length, 'error')] : []),
  ];
  if (differ > 0) return paint('red', `DIFFERENT: ${parts.join(', ')}`);
  if (report.errors.length > 0) return paint('red', `INCOMPLETE: ${parts.join(', ')}`);
  return paint(
    'green',
    `OK: ${count(report.images.length, 'image')} as expected${unseen > 0 ? `, ${parts.join(', ')}` : ''}`,
  );
}
