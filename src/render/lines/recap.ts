import { formatDuration } from '../../core/base/duration.ts';
import type { HostCounts } from '../../core/event/event.ts';
import type { RunView } from '../run-view.ts';
import { byHost } from './by-host.ts';
import { type ErrorGroup, errorGroups } from './error-groups.ts';
import { outcome } from './outcome.ts';
import { type Color, nameList, type Paint } from './paint.ts';
import { evidenceLines, resumeLines, rolledLines } from './roll-lines.ts';
import { taskWords } from './task-words.ts';

const COLUMNS: readonly (readonly [keyof HostCounts, Color])[] = [
  ['ok', 'green'],
  ['changed', 'yellow'],
  ['failed', 'red'],
  ['skipped', 'cyan'],
  ['unknown', 'cyan'],
  ['unreachable', 'red'],
];

/** The end of a run: a row per host, every error once, and the outcome as the last line. */
export function recap(view: RunView, paint: Paint): readonly string[] {
  const groups = errorGroups(view);
  const rows = view.exec ? [] : table(byHost(view, view.end?.hosts ?? {}), paint);
  return [
    ...(rows.length === 0 ? [] : ['', ...rows]),
    ...section(rolledLines(byHost(view, view.rolled), paint)),
    ...groups.flatMap((group) => ['', ...errorLines(group, view, paint)]),
    ...view.evidence.flatMap(({ host, evidence }) => ['', ...evidenceLines(host, evidence, paint)]),
    ...section(resumeLines(view.end?.goOn, view.rolled, paint)),
    ...(view.exec && groups.length === 0 ? [] : ['']),
    closing(view, paint),
  ];
}

const section = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ['', ...lines]);

function closing(view: RunView, paint: Paint): string {
  const good = view.end?.exitCode === 0;
  const time = view.end === undefined ? '' : paint('dim', ` (${formatDuration(view.end.durationMs)})`);
  return `${paint(good ? 'green' : 'red', outcome(view))}${time}`;
}

function table(hosts: readonly (readonly [string, HostCounts])[], paint: Paint): readonly string[] {
  const width = Math.max(0, ...hosts.map(([name]) => name.length));
  const widths = new Map(
    COLUMNS.map(([key]) => [key, Math.max(...hosts.map(([, row]) => cell(key, row[key]).length))]),
  );
  return hosts.map(([name, row]) => {
    const cells = COLUMNS.map(([key, color]) => {
      const text = cell(key, row[key]).padEnd(widths.get(key) ?? 0);
      return row[key] === 0 ? paint('dim', text) : paint(color, text);
    });
    return `${paint('bold', name.padEnd(width))}  ${cells.join('  ')}`.trimEnd();
  });
}

const cell = (key: string, value: number): string => `${key}=${value}`;

function errorLines({ fault, hosts, alike }: ErrorGroup, { evidence }: RunView, paint: Paint): readonly string[] {
  const [first] = hosts;
  const where = first === undefined ? '' : ` on ${nameList(hosts, 20)}`;
  const onHost = hosts.length > 1 && !alike ? ` (${first})` : '';
  return [
    paint('red', `${fault.code}${where}`),
    ...(fault.task === undefined ? [] : [`  task:   ${taskWords(fault.task)}`]),
    ...block(`  cause${onHost}: `, fault.message),
    ...(fault.hint === undefined ? [] : block('  hint:   ', fault.hint)),
    ...quoted(
      `  details${hosts.length > 1 ? ` (${first})` : ''}:`,
      withoutDiagnostics(fault.details ?? '', first, evidence),
      paint,
    ),
    ...(fault.stack === undefined ? [] : quoted('  please report this, with:', fault.stack, paint)),
  ];
}

/**
 * A container's last log lines are details of the error and also diagnostics of its host: they are printed only there.
 */
function withoutDiagnostics(details: string, host: string | undefined, all: RunView['evidence']): string {
  const logs = all.filter(({ host: of }) => of === host).flatMap(({ evidence }) => evidence.log.split('\n'));
  const known = new Set(logs.map((line) => line.trimEnd()));
  return details
    .split('\n')
    .filter((line) => !known.has(line.trimEnd()))
    .join('\n');
}

/** A text with its other lines indented below the first. */
function block(label: string, text: string): readonly string[] {
  const padded = label.padEnd(10);
  return text
    .trimEnd()
    .split('\n')
    .map((line, index) => `${index === 0 ? padded : ' '.repeat(padded.length)}${line}`);
}

/** Words of others below a label; nothing if there are none. */
const quoted = (label: string, text: string, paint: Paint): readonly string[] =>
  text.trim() === ''
    ? []
    : [
        label,
        ...text
          .trimEnd()
          .split('\n')
          .map((line) => paint('dim', `    | ${line}`)),
      ];
