import type { RunEvent, ShownDifference } from '../../core/event/event.ts';
import { isAllNew, shortValue, summary } from './difference.ts';
import type { Paint } from './paint.ts';
import { memberChange, noteWords, taskWords } from './task-words.ts';

type TaskEnd = Extract<RunEvent, { type: 'task.end' }>;

export interface ChangeLineOptions {
  readonly check: boolean;
  /** Print the fields on lines of their own. */
  readonly diff: boolean;
  readonly paint: Paint;
}

interface Verb {
  readonly did: string;
  readonly would: string;
}

const ADDED: Verb = { did: 'added', would: 'would add' };
const CHANGED: Verb = { did: 'changed', would: 'would change' };
const BY_KIND: Readonly<Record<string, Verb>> = {
  restarted: { did: 'restarted', would: 'would restart' },
  started: { did: 'started', would: 'would start' },
  stopped: { did: 'stopped', would: 'would stop' },
  givenBack: { did: 'started again', would: 'would start again' },
};

/** One change of one task, in words: `changed: container api7-gateway (image v3.10.5 → v3.10.6)`. */
export function changeLine(event: TaskEnd, { check, diff, paint }: ChangeLineOptions): string {
  const member = memberChange(event.task);
  if (member !== undefined) {
    const { pool, node, balancer } = member;
    const where = event.host === balancer ? `${node} in ${pool}` : `${balancer}, ${pool}`;
    return `${where}: ${trafficWords(event.differences)}`;
  }
  const named = verbOf(event);
  const { did, would } = named ?? (isAllNew(event.differences) ? ADDED : CHANGED);
  const fields = diff || named !== undefined ? '' : summary(event.differences);
  return `${paint('yellow', check ? would : did)}: ${taskWords(event.task)}${fields}${noteWords(event.note)}`;
}

/** A stopped container is only started; its other differences follow from that. */
function verbOf({ kind, differences }: TaskEnd): Verb | undefined {
  if (kind !== 'container') return BY_KIND[kind];
  const isStart = differences.some(({ path, after }) => path === 'running' && after === true);
  return isStart &&
    !isAllNew(differences) &&
    differences.every(({ path }) => STARTED_WITH.has(path.split('.')[0] ?? ''))
    ? BY_KIND.started
    : undefined;
}

const STARTED_WITH: ReadonlySet<string> = new Set(['running', 'mounted', 'leftover']);

/** Screen words for states of balancers and wire values. */
const STATES: Readonly<Record<string, string>> = { closed: 'maintenance', drain: 'drained', maint: 'maintenance' };

/** A balancer's change: `up → drained`. Several servers of one node usually change alike. */
function trafficWords(differences: readonly ShownDifference[]): string {
  const servers = differences.filter(({ path }) => path.startsWith('servers.'));
  const texts = servers.map(({ path, before, after }) => {
    const field = /\.(weight|agent)$/.exec(path)?.[1];
    const isDown = path.endsWith('.down');
    const word = (value: ShownDifference['before']): string =>
      isDown ? (value === 'yes' ? 'drained' : 'ready') : stateWord(value);
    return `${field === undefined ? '' : `${field} `}${word(before)} → ${word(after)}`;
  });
  if (texts.length > 0) return [...new Set(texts)].join(', ');
  const lease = differences.find(({ path }) => path === 'lease');
  return lease?.after === 'none' ? 'lease removed' : 'lease recorded';
}

function stateWord(value: ShownDifference['before']): string {
  const text = shortValue(value);
  return STATES[text] ?? text;
}
