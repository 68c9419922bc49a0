import { type Color, count, type Paint } from '../../render/lines/paint.ts';
import type { TableOptions } from '../../render/lines/table.ts';
import { bullet, wrapped } from '../../render/lines/wrapped.ts';
import { type CheckedHost, type CheckOutcome, type CheckReport, type CheckResult, countOf } from './report.ts';

/** Columns on any screen: people compare the output and paste it into tickets. */
const WIDTH = 80;
const INDENT = 2;

const SHOWN: Readonly<Record<Exclude<CheckOutcome, 'ok'>, { readonly word: string; readonly color: Color }>> = {
  failed: { word: 'FAILED', color: 'red' },
  warning: { word: 'WARNING', color: 'yellow' },
  notShown: { word: 'NOT SHOWN', color: 'dim' },
};
const WORD_WIDTH = Math.max(...Object.values(SHOWN).map(({ word }) => word.length)) + INDENT;

/** `check` for people: one line per host without findings, else each finding with its hint. */
export function checkLines({ hosts }: CheckReport, { paint, width }: TableOptions): readonly string[] {
  const shown = hosts.filter(({ checks }) => checks.length > 0);
  const names = Math.max(...shown.map(({ host }) => host.length));
  const lines = shown.flatMap((host) => hostLines(host, { paint, width: Math.min(width, WIDTH), names }));
  return [...lines, '', closing(hosts, paint)];
}

interface Style {
  readonly paint: Paint;
  readonly width: number;
  /** Width of the longest name. */
  readonly names: number;
}

function hostLines(checked: CheckedHost, { paint, width, names }: Style): readonly string[] {
  const { host, checks } = checked;
  const findings = checks.filter(({ result, message }) => result !== 'ok' && message !== undefined);
  const total = checks.filter(({ result }) => result !== 'notShown').length;
  const name = host.padEnd(names);
  if (findings.length === 0) return [`${name}  in order (${count(total, 'check')})`];
  const passed = countOf([checked], 'ok');
  return [
    `${name}  ${passed} of ${count(checks.length, 'check')} in order`,
    ...findings.flatMap((finding) => findingLines(finding, paint, width)),
  ];
}

function findingLines(
  { check, result, message, hint, details }: CheckResult,
  paint: Paint,
  width: number,
): readonly string[] {
  if (result === 'ok') return [];
  const { word, color } = SHOWN[result];
  const room = width - INDENT - WORD_WIDTH;
  const [first = '', ...rest] = [
    ...wrapped(`${check}: ${message ?? ''}`, room),
    ...(hint === undefined || details !== undefined ? [] : wrapped(`hint: ${hint}`, room)),
    ...(details === undefined ? [] : details.split('\n').flatMap((line) => bullet(line, room))),
  ];
  const margin = ' '.repeat(INDENT);
  return [
    `${margin}${paint(color, word)}${' '.repeat(WORD_WIDTH - word.length)}${first}`,
    ...rest.map((line) => `${margin}${' '.repeat(WORD_WIDTH)}${line}`),
  ];
}

function closing(hosts: readonly CheckedHost[], paint: Paint): string {
  const [failed, warnings, ok] = [countOf(hosts, 'failed'), countOf(hosts, 'warning'), countOf(hosts, 'ok')];
  const warned = warnings === 0 ? '' : `, ${count(warnings, 'warning')}`;
  if (failed === 0) return paint('green', `OK: ${count(ok, 'check')} in order${warned}`);
  return paint('red', `FAILED: ${count(failed, 'check')} failed${warned}, ${ok} in order`);
}
