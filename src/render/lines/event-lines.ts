import { formatDuration } from '../../core/base/duration.ts';
import type { ErrorInfo, NumberedEvent, RunEvent } from '../../core/event/event.ts';
import type { Detail } from '../renderer.ts';
import type { RunView } from '../run-view.ts';
import { differenceText, summary } from './difference.ts';
import { count, nameList, oneLine, type Paint, visible } from './paint.ts';
import { patchLines } from './patch-lines.ts';
import { planLines, STEP_WORDS } from './roll-lines.ts';

/** A line for the one stream or the other, without its end. */
export interface Line {
  readonly to: 'out' | 'err';
  readonly text: string;
}

type TaskEnd = Extract<RunEvent, { type: 'task.end' }>;
type RollStep = Extract<RunEvent, { type: 'roll.step' }>;

/** Steps of a roll that nobody needs to hear of while they go well. */
const QUICK_STEPS: ReadonlySet<string> = new Set(['checkDependencies', 'apply', 'waitReady', 'recheck']);

/** Shorter tasks are not worth a word about their time. */
const WORTH_A_TIME_MS = 1000;

/** What one event adds to the log of a run. `view` already includes the event. */
export function eventLines(event: NumberedEvent, view: RunView, detail: Detail, paint: Paint): readonly Line[] {
  const at = (host: string): string => paint('bold', `[${host}]`);
  const verbose = (...texts: readonly string[]): readonly Line[] => (detail.verbose ? out(...texts) : []);
  switch (event.type) {
    case 'play.start':
      return out(...header(view, paint), '', paint('bold', `== ${event.play}: ${nameList(event.hosts)}`));
    case 'host.connected':
      return view.exec ? [] : verbose(`${at(event.host)} connected in ${formatDuration(event.durationMs)}`);
    case 'host.unreachable':
      return err(`${at(event.host)} ${paint('red', 'UNREACHABLE')}: ${faultLine(event.error)}`, ...remedy(event.error));
    case 'host.plan':
      return verbose(
        `${at(event.host)} plan: ${count(event.changes, 'change')}, ${event.unknown} unknown, of ${count(event.tasks, 'task')}`,
      );
    case 'task.start':
      return event.waiting ? out(`${at(event.host)} ${paint('cyan', 'waiting')}: ${event.task}`) : [];
    case 'task.progress':
      return verbose(`${at(event.host)} ${event.task}: ${oneLine(event.text, 200)}`);
    case 'task.end':
      return taskEnd(event, at(event.host), view.check, detail, paint);
    case 'host.end':
      return event.status === 'skipped' ? out(`${at(event.host)} ${paint('yellow', 'not started')}`) : [];
    case 'exec.output':
      return [
        {
          to: event.stream === 'stderr' ? 'err' : 'out',
          text: `${paint('bold', event.host)} | ${visible(event.line)}`,
        },
      ];
    case 'exec.end':
      return event.error === undefined
        ? []
        : err(`${paint('bold', event.host)} | ${paint('red', faultLine(event.error))}`);
    case 'warning':
      return err(
        `${event.host === undefined ? '' : `${at(event.host)} `}${paint('yellow', 'warning')}: ${visible(event.message)}`,
      );
    case 'note':
      return out(`${paint('dim', 'note')}: ${visible(event.message)}`);
    case 'roll.plan':
      return out(...planLines(event, paint));
    case 'roll.step':
      return stepLines(event, at(event.host), detail, paint);
    case 'roll.hold':
      return err(
        event.waiting ? `${paint('yellow', 'HOLDING')}: ${visible(event.why)}` : paint('cyan', 'the hold is over'),
      );
    case 'roll.evidence':
    case 'roll.end':
    case 'run.start':
    case 'play.end':
    case 'run.end':
      return [];
    default:
      return event satisfies never;
  }
}

const out = (...texts: readonly string[]): readonly Line[] => texts.map((text) => ({ to: 'out', text }));
const err = (...texts: readonly string[]): readonly Line[] => texts.map((text) => ({ to: 'err', text }));

/** With the first play, not with the start of the run: a command on many hosts has no plays, and its output is its own. */
function header(view: RunView, paint: Paint): readonly string[] {
  if (view.plays !== 1) return [];
  const mode = view.check ? ', check only: nothing will be changed' : '';
  return [paint('bold', `${view.title} on ${view.cluster}: ${count(view.targets.length, 'host')}${mode}`)];
}

const faultLine = (error: ErrorInfo): string => `${error.code}: ${oneLine(error.message, 300)}`;
const remedy = (error: ErrorInfo): readonly string[] =>
  error.hint === undefined ? [] : [`    remedy: ${visible(error.hint)}`];

function stepLines(event: RollStep, at: string, detail: Detail, paint: Paint): readonly Line[] {
  const words = STEP_WORDS[event.step] ?? event.step;
  const time = event.durationMs < WORTH_A_TIME_MS ? '' : paint('dim', `, ${formatDuration(event.durationMs)}`);
  switch (event.status) {
    case 'begun':
      return detail.verbose || !QUICK_STEPS.has(event.step) ? out(`${at} ${paint('cyan', words)}`) : [];
    case 'ok':
      return detail.verbose ? out(`${at} ${paint('green', 'done')}: ${words}${time}`) : [];
    case 'held':
      return err(`${at} ${paint('yellow', 'held')}, ${words}: ${visible(event.note ?? '')}${time}`);
    case 'failed':
      return err(`${at} ${paint('red', 'FAILED')}, ${words}: ${visible(event.note ?? '')}${time}`);
    default:
      return event.status satisfies never;
  }
}

function taskEnd(event: TaskEnd, at: string, check: boolean, detail: Detail, paint: Paint): readonly Line[] {
  const note = event.note === undefined ? '' : ` (${visible(event.note)})`;
  const time = event.durationMs < WORTH_A_TIME_MS ? '' : paint('dim', `, ${formatDuration(event.durationMs)}`);
  switch (event.status) {
    case 'ok':
    case 'skipped':
      return detail.verbose ? out(`${at} ${paint('green', event.status)}: ${event.task}${note}${time}`) : [];
    case 'changed':
      return out(
        `${at} ${paint('yellow', check ? 'would change' : 'changed')}: ${event.task}${detail.diff ? '' : summary(event.differences)}${note}${time}`,
        ...(detail.diff ? changeLines(event, paint).map((line) => `    ${line}`) : []),
      );
    case 'unknown':
      return out(`${at} ${paint('cyan', 'unknown')}: ${event.task}${note}`);
    case 'failed':
      return failure(event, at, time, paint);
    default:
      return event.status satisfies never;
  }
}

function failure(event: TaskEnd, at: string, time: string, paint: Paint): readonly Line[] {
  const { error } = event;
  const why = error === undefined ? '' : `: ${faultLine(error)}`;
  return err(
    `${at} ${paint('red', 'FAILED')}: ${event.task}${why}${time}`,
    ...(error === undefined ? [] : remedy(error)),
  );
}

/** Fields first, then the text. The digest says nothing that the text does not say better. */
function changeLines(event: TaskEnd, paint: Paint): readonly string[] {
  const text = event.patch === undefined ? [] : patchLines(event.patch, paint);
  const fields = event.differences.filter(({ path }) => text.length === 0 || path !== 'digest');
  return [...fields.map((row) => differenceText(row, 160)), ...text];
}
