import { formatDuration } from '../../core/base/duration.ts';
import type { RolledNode, RunEvent } from '../../core/event/event.ts';
import type { Diagnostics } from '../../core/play/rolling.ts';
import { nameList, oneLine, type Paint, visible } from './paint.ts';

type RollPlan = Extract<RunEvent, { type: 'roll.plan' }>;

/** What a node is at, in words that read after its name. */
export const STEP_WORDS: Readonly<Record<string, string>> = {
  checkDependencies: 'looking at what it depends on',
  drain: 'taking it out of traffic',
  waitIdle: 'waiting for its requests to end',
  apply: 'changing it',
  waitReady: 'waiting until it is ready',
  restore: 'giving it back to its balancers',
  waitInService: 'waiting until its balancers use it',
  soak: 'watching it in service',
  recheck: 'looking at earlier nodes again',
  undoDrain: 'giving it back as it was',
  drainAgain: 'taking it out of traffic again',
  collectDiagnostics: 'keeping what shows why it failed',
};

/** Who goes when, within which limits: before the first node is taken out of traffic. */
export function planLines({ waves, maxUnavailable, members, deadlines }: RollPlan, paint: Paint): readonly string[] {
  const order = waves.map((wave) => nameList(wave, 12)).join(paint('dim', ' then '));
  const name = Math.max(0, ...deadlines.map((link) => link.name.length));
  const time = Math.max(0, ...deadlines.map((link) => formatDuration(link.ms).length));
  return [
    `${paint('bold', 'rolling')}: ${order}; at most ${maxUnavailable} of ${members} out of traffic at once`,
    ...deadlines.map(
      (link) => `  ${link.name.padEnd(name)}  ${formatDuration(link.ms).padStart(time)}  ${paint('dim', link.source)}`,
    ),
  ];
}

/** How the nodes of a roll came out of it: those that need a look each on a line, the others together. */
export function rolledLines(nodes: Readonly<Record<string, RolledNode>>, paint: Paint): readonly string[] {
  const all = Object.entries(nodes);
  const named = all.filter(([, { state, next }]) => state === 'failed' || state === 'skipped' || next !== undefined);
  const width = Math.max(0, ...named.map(([name]) => name.length));
  const rest = (['done', 'unchanged', 'untouched'] as const).flatMap((state) => {
    const names = all.filter((row) => row[1].state === state && !named.includes(row)).map(([name]) => name);
    return names.length === 0 ? [] : [`  ${state}: ${nameList(names, 12)}`];
  });
  if (named.length === 0) return [];
  return [
    ...named.flatMap(([name, { state, traffic, cause, next }]) => [
      `  ${paint('bold', name.padEnd(width))}  ${paint(state === 'done' ? 'green' : 'red', state)}, ${TRAFFIC[traffic]}${cause === undefined ? '' : `: ${oneLine(cause, 200)}`}`,
      ...(next === undefined ? [] : [`  ${' '.repeat(width)}  to give it back: ${visible(next)}`]),
    ]),
    ...rest,
  ];
}

const TRAFFIC: Readonly<Record<RolledNode['traffic'], string>> = {
  in: 'in traffic',
  out: 'out of traffic',
  unknown: 'in or out of traffic is not known',
};

/** What is left of a container that failed. */
export function evidenceLines(host: string, evidence: Diagnostics, paint: Paint): readonly string[] {
  const { container, status, exitCode, oomKilled, restarts, probes, log } = evidence;
  const facts = [
    status,
    `exit code ${exitCode}`,
    ...(oomKilled ? ['killed for want of memory'] : []),
    `${restarts} restarts`,
  ];
  return [
    `${paint('bold', host)}: container ${container}: ${facts.join(', ')}`,
    ...probes.map((probe) => `    ${visible(probe)}`),
    ...visible(log)
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .slice(-EVIDENCE_LINES)
      .map((line) => paint('dim', `    | ${line}`)),
  ];
}

/** On the screen; the journal has all of it. */
const EVIDENCE_LINES = 20;
