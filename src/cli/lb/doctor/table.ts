import { count } from '../../../render/lines/paint.ts';
import { type Cell, type Column, spaced, type TableOptions, tableLines } from '../../../render/lines/table.ts';
import { ago, errorLines } from '../table.ts';
import type { DoctorReport, Finding, Note } from './finding.ts';

const COLUMNS: readonly Column[] = [
  { title: 'HOST' },
  { title: 'NODE' },
  { title: 'SINCE' },
  { title: 'BY' },
  { title: 'FINDING' },
];

/** Findings are never cut, because the operator acts upon them. */
const LEAST_WIDTH = 200;

/** `lb doctor` for people: findings with hints, states in order, then errors. */
export function doctorLines(report: DoctorReport, options: TableOptions): readonly string[] {
  const { findings, notes, fixed, errors } = report;
  const { paint } = options;
  const table = (rows: readonly Note[]): readonly string[] =>
    rows.length === 0
      ? []
      : tableLines(
          COLUMNS,
          rows.map((row) => cellsOf(row, new Date(report.at))),
          { ...options, width: Math.max(options.width, LEAST_WIDTH) },
        );
  const blocks = [
    fixed === undefined || fixed.length === 0 ? [] : [paint('bold', 'Fixed'), ...table(fixed)],
    findings.length === 0 ? [] : [paint('bold', 'Found'), ...table(findings), '', ...hintLines(findings)],
    notes.length === 0 ? [] : [paint('bold', 'In use, not changed by --fix'), ...table(notes)],
    errors.flatMap((error) => errorLines(error, paint)),
    [verdict(report)],
  ];
  // After a repair the output follows that of the run.
  return [...(fixed === undefined ? [] : ['']), ...spaced(blocks)];
}

const cellsOf = ({ host, node, since, by, what }: Note, now: Date): readonly Cell[] => [
  host,
  node ?? '-',
  since === null ? '-' : ago(since, now),
  by ?? '-',
  what,
];

/** The hints, each once with its hosts and nodes. */
function hintLines(findings: readonly Finding[]): readonly string[] {
  return [...Map.groupBy(findings, ({ next }) => next)].map(([next, those]) => {
    const places = [...new Set(those.map(({ host, node }) => (node === null ? host : `${node} on ${host}`)))];
    return `hint for ${places.join(', ')}: ${next}`;
  });
}

function verdict({ findings, errors }: DoctorReport): string {
  if (findings.length === 0 && errors.length === 0) return 'nothing to repair';
  return [
    ...(findings.length === 0 ? [] : [count(findings.length, 'finding')]),
    ...(errors.length === 0 ? [] : [count(errors.length, 'error')]),
  ].join(', ');
}
