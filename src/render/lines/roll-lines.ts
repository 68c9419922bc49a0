import { formatDuration } from '../../core/base/duration.ts';
import type { FirstNode, RolledNode, RunEvent } from '../../core/event/event.ts';
import type { Diagnostics } from '../../core/play/rolling.ts';
import { count, nameList, oneLine, type Paint } from './paint.ts';
import { tableLines } from './table.ts';

type RollPlan = Extract<RunEvent, { type: 'roll.plan' }>;
type RollStep = Extract<RunEvent, { type: 'roll.step' }>;

const STEP_WORDS: Readonly<Record<string, string>> = {
  checkDependencies: 'checking dependencies',
  drain: 'drain',
  waitIdle: 'wait until idle',
  apply: 'apply',
  waitReady: 'wait until ready',
  restore: 'restore',
  waitInService: 'wait until in service',
  soak: 'soak',
  recheck: 'rechecking finished nodes',
  undoDrain: 'undoing the drain',
  drainAgain: 'draining again: unhealthy after restore',
  collectDiagnostics: 'collecting diagnostics',
  recover: 'rolling back',
};

/** A step with its number: `4/7 wait until ready`. */
export function stepWords({ step, index, of }: Pick<RollStep, 'step' | 'index' | 'of'>): string {
  const words = STEP_WORDS[step] ?? step;
  return index === undefined || of === undefined ? words : `${index}/${of} ${words}`;
}

/** The order of the nodes and the time limits, before the first drain. */
export function planLines(plan: RollPlan, paint: Paint): readonly string[] {
  const { waves, first = [], skipped = [], budgets } = plan;
  // Without a drain no time limit matters.
  const deadlines = waves.length === 0 ? [] : plan.deadlines;
  const batches = first.length === 0 ? waves : waves.slice(1);
  const order = batches.map((batch) => nameList(batch, 12)).join('; ');
  const number = batches.length < 2 ? '' : ` (${batches.length} batches)`;
  const name = Math.max(0, ...deadlines.map((link) => link.name.length));
  const time = Math.max(0, ...deadlines.map((link) => formatDuration(link.ms).length));
  return [
    ...reasonLines('First', first, (node) => firstWords(node, plan.soak), paint),
    ...reasonLines('Skip', skipped, ({ why }) => oneLine(why, 120), paint),
    ...(batches.length > 0
      ? [`${paint('bold', 'Order')}: ${order}${number}; max unavailable ${budgetWords(budgets)}`]
      : []),
    // Without batches, the first nodes still use the budget.
    ...(batches.length === 0 && first.some(({ changes }) => changes)
      ? [`${paint('bold', 'Max unavailable')}: ${budgetWords(budgets)}`]
      : []),
    ...deadlines.map(
      (link) => `  ${link.name.padEnd(name)}  ${formatDuration(link.ms).padStart(time)}  ${paint('dim', link.source)}`,
    ),
  ];
}

/** `First: gw-2: soak of an earlier run (1m)`: each reason with its nodes. */
function reasonLines<N extends { readonly host: string }>(
  title: string,
  nodes: readonly N[],
  wordsOf: (node: N) => string,
  paint: Paint,
): readonly string[] {
  return [...Map.groupBy(nodes, wordsOf)].map(([why, those], at) => {
    const label = at === 0 ? `${paint('bold', title)}:` : ' '.repeat(title.length + 1);
    const names = nameList(
      those.map(({ host }) => host),
      12,
    );
    return `${label} ${names}: ${why}`;
  });
}

function firstWords({ why, changes }: FirstNode, soak: string | undefined): string {
  switch (why) {
    case 'drained':
      return changes ? 'drained by an earlier run' : 'restore after the drain of an earlier run';
    case 'soak':
      return changes
        ? 'soak of an earlier run not passed'
        : `soak of an earlier run${soak === undefined ? '' : ` (${soak})`}`;
    case 'outOfService':
      return 'not in service';
    case 'partlyInService':
      return 'not in full service';
    case 'unhealthy':
      return 'unhealthy';
    default:
      return why satisfies never;
  }
}

function budgetWords(budgets: RollPlan['budgets']): string {
  const words = budgets.map(({ pools, maxUnavailable, members }) => {
    const where = budgets.length === 1 || pools.length === 0 ? '' : ` in ${pools.join(', ')}`;
    return `${maxUnavailable} of ${members}${where}`;
  });
  return words.join('; ');
}

/** The nodes of a rolling change in a table; empty if all succeeded. */
export function rolledLines(rows: readonly Row[], paint: Paint): readonly string[] {
  const [good, waiting] = [rows.filter(isGood), rows.filter(isWaiting)];
  if (good.length === rows.length) return [];
  // Failed nodes stay visible, however many others succeeded or were not started.
  const folded = new Set([good, waiting].filter(isMany).flat());
  const shown = rows.filter((row) => !folded.has(row));
  const [, ...lines] = tableLines(
    [{ title: '' }, { title: '' }, { title: '' }, { title: '' }],
    shown.map(([name, node]) => [
      { text: name, color: 'bold' },
      { text: STATE[node.state] ?? node.state, color: colorOf(node) },
      trafficWord(node),
      whyWords(name, node),
    ]),
    { paint, width: 200 },
  );
  return [...foldedLine(good, 'done'), ...lines.map((line) => `  ${line}`), ...foldedLine(waiting, 'not started')];
}

type Row = readonly [string, RolledNode];

const isGood = ([, { state, next, soakDue }]: Row): boolean =>
  (state === 'done' || state === 'unchanged') && next === undefined && soakDue !== true;

const isWaiting = ([, { state, next, traffic, soakDue }]: Row): boolean =>
  state === 'untouched' && next === undefined && traffic !== 'out' && soakDue !== true;

const isMany = (rows: readonly Row[]): boolean => rows.length > MOST_ROWS;

const MOST_ROWS = 12;

function foldedLine(rows: readonly Row[], state: string): readonly string[] {
  const names = rows.map(([name]) => name);
  return isMany(rows) ? [`  ${count(rows.length, 'node')} ${state}: ${nameList(names, MOST_ROWS)}`] : [];
}

/** A text that follows the host's name: `held: …` in place of `gw-2 is held: …`. */
export const aboutHost = (host: string, text: string): string =>
  [`${host}: `, `${host} is `].reduce(
    (rest, start) => (rest.startsWith(start) ? rest.slice(start.length) : rest),
    text,
  );

function whyWords(name: string, { state, cause, soakDue }: RolledNode): string {
  const why = state === 'done' || state === 'unchanged' || cause === undefined ? undefined : aboutHost(name, cause);
  return [...(why === undefined ? [] : [why]), ...(soakDue ? ['soak of an earlier run still due'] : [])].join('; ');
}

/** A node that was never drained is unchanged, even if no balancer was read. */
const trafficWord = ({ state, traffic, next }: RolledNode): string =>
  traffic === 'unknown' && state === 'untouched' && next === undefined ? 'not drained' : TRAFFIC[traffic];

const colorOf = ({ state }: RolledNode) => (state === 'done' ? 'green' : state === 'failed' ? 'red' : 'yellow');

const STATE: Readonly<Record<string, string>> = {
  failed: 'FAILED',
  rolledBack: 'rolled back',
  untouched: 'not started',
};

const TRAFFIC: Readonly<Record<RolledNode['traffic'], string>> = {
  in: 'in service',
  out: 'drained',
  unknown: 'unknown',
};

/** How to resume a run that ended early: the same command, and for drained nodes the command to restore them. */
export function resumeLines(
  resume: string | undefined,
  nodes: Readonly<Record<string, RolledNode>>,
  paint: Paint,
): readonly string[] {
  const failed = Object.entries(nodes).flatMap(([name, { state }]) => (state === 'failed' ? [name] : []));
  const fix = failed.length === 0 ? '' : `, fix ${nameList(failed, 4)}, then`;
  const lines = [
    ...(resume === undefined ? [] : [[`To resume${fix}:`, resume] as const]),
    ...Object.entries(nodes).flatMap(([name, { next, state, stopped }]) =>
      next === undefined
        ? []
        : [[`To ${stopped ? 'start' : 'restore'} ${name}${state === 'failed' ? ' as it is' : ''}:`, next] as const],
    ),
  ];
  const width = Math.max(0, ...lines.map(([label]) => label.length));
  return lines.map(([label, command]) => `${paint('bold', label.padEnd(width))} ${command}`);
}

/** The last state of a failed container. */
export function evidenceLines(host: string, evidence: Diagnostics, paint: Paint): readonly string[] {
  const { container, status, exitCode, oomKilled, restarts, probes, log } = evidence;
  const facts = [status, `exit code ${exitCode}`, ...(oomKilled ? ['OOM-killed'] : []), count(restarts, 'restart')];
  return [
    `${paint('bold', `Diagnostics ${host}`)}: container ${container}: ${facts.join(', ')}`,
    ...probes.map((probe) => `    ${oneLine(probe, 400)}`),
    ...log
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .slice(-EVIDENCE_LINES)
      .map((line) => paint('dim', `    | ${line}`)),
  ];
}

/** Limit for the screen; the journal has all lines. */
const EVIDENCE_LINES = 20;
