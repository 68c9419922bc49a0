import { isMet, median, type Outcome, type Row, type Verdict } from './measure.ts';

/** One case, measured. */
export interface CaseResult extends Outcome {
  readonly name: string;
  readonly title: string;
}

const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
const amount = (value: number, unit: string): string =>
  unit === 'ms'
    ? value >= 10_000
      ? `${(value / 1000).toFixed(1)} s`
      : `${value.toFixed(0)} ms`
    : `${digits(value)} ${unit}`;

/** A case as Markdown: a table of measurements, a table of targets. */
export function markdown({ title, rows, verdicts, notes = [] }: CaseResult): string {
  const measured = table(
    ['', 'median', 'min – max', 'runs', 'processor time', 'peak memory'],
    rows.map((row) => [
      row.who,
      amount(median(row.samples), row.unit),
      `${amount(Math.min(...row.samples), row.unit)} – ${amount(Math.max(...row.samples), row.unit)}`,
      String(row.samples.length),
      row.cpuMs === undefined ? '' : amount(median(row.cpuMs), 'ms'),
      peak(row),
    ]),
  );
  const wanted = table(
    ['', 'measured', 'wanted', ''],
    verdicts.map((verdict) => [
      verdict.claim,
      amount(verdict.value, verdict.unit),
      `${verdict.sense} ${amount(verdict.wanted, verdict.unit)}`,
      isMet(verdict) ? 'met' : `**missed by ${missedBy(verdict)}**`,
    ]),
  );
  return [`### ${title}`, measured, wanted, ...notes.map((note) => `- ${note}`)]
    .join('\n\n')
    .replaceAll('\n\n- ', '\n- ');
}

const peak = ({ peakMb = [] }: Row): string => (peakMb.length === 0 ? '' : `${Math.max(...peakMb).toFixed(0)} MB`);

function missedBy({ value, wanted, sense, unit }: Verdict): string {
  if (unit === 'round trips') return amount(value - wanted, unit);
  const share = sense === 'at least' ? wanted / value - 1 : value / wanted - 1;
  return `${(share * 100).toFixed(0)} %`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (at === 0 ? (cells[at] ?? '').padEnd(width) : (cells[at] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
