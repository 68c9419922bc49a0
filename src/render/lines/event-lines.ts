import { formatDuration } from '../../core/base/duration.ts';
import type { ErrorInfo, NumberedEvent, RunEvent } from '../../core/event/event.ts';
import type { Detail } from '../renderer.ts';
import type { RunView } from '../run-view.ts';
import { changeLine } from './change-line.ts';
import { differenceText } from './difference.ts';
import type { Line } from './line.ts';
import { targetNoun } from './outcome.ts';
import { count, nameList, oneLine, type Paint } from './paint.ts';
import { patchLines } from './patch-lines.ts';
import { aboutHost, planLines } from './roll-lines.ts';
import { holdLines, stepLines } from './step-lines.ts';
import { memberChange, noteWords, taskWords } from './task-words.ts';

type TaskEnd = Extract<RunEvent, { type: 'task.end' }>;

/** Shorter durations are not printed. */
const WORTH_A_TIME_MS = 1000;

/** The lines that one event adds to a run's log. `view` already includes the event. */
export function eventLines(event: NumberedEvent, view: RunView, detail: Detail, paint: Paint): readonly Line[] {
  const at = (host: string): string => paint('bold', `[${host}]`);
  const verbose = (...texts: readonly string[]): readonly Line[] => (detail.verbose ? out(...texts) : []);
  switch (event.type) {
    case 'play.start':
      return out(...header(view, paint), '', paint('bold', `== ${event.play}: ${nameList(event.hosts)}`));
    case 'host.connected':
      return view.exec ? [] : verbose(`${at(event.host)} connected in ${formatDuration(event.durationMs)}`);
    case 'host.unreachable':
      return err(`${at(event.host)} ${paint('red', 'UNREACHABLE')}: ${faultLine(event.error)}`, ...hint(event.error));
    case 'host.plan':
      return verbose(
        `${at(event.host)} plan: ${count(event.changes, 'change')}, ${event.unknown} unknown, of ${count(event.tasks, 'task')}`,
      );
    case 'task.start':
      // Inside a step, the step's own line shows what it waits for.
      return event.waiting && !isInStep(view, event.host)
        ? out(`${at(event.host)} ${paint('cyan', 'waiting')}: ${taskWords(event.task)}`)
        : [];
    case 'task.progress':
      return verbose(`${at(event.host)} ${taskWords(event.task)}: ${oneLine(event.text, 200)}`);
    case 'task.end':
      return taskEnd(event, view, detail, paint);
    case 'host.end':
      return event.status === 'skipped'
        ? out(`${at(event.host)} ${paint('yellow', 'not started')}${whySkipped(event.host, view)}`)
        : [];
    case 'exec.output':
      return [
        {
          to: event.stream === 'stderr' ? 'err' : 'out',
          text: `${paint('bold', event.host)} | ${event.line}`,
        },
      ];
    case 'exec.end':
      return event.error === undefined
        ? []
        : err(`${paint('bold', event.host)} | ${paint('red', faultLine(event.error))}`);
    case 'warning':
      return err(
        `${event.host === undefined ? '' : `${at(event.host)} `}${paint('yellow', 'warning')}: ${event.message}`,
      );
    case 'note':
      return out(`${paint('dim', 'note')}: ${event.message}`);
    case 'roll.plan':
      return out(...planLines(event, paint));
    case 'roll.step':
      return stepLines(event, view, detail, paint);
    case 'roll.hold':
      return holdLines(event, view, paint);
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

/**
 * Printed with the first play, not at the start of the run: a command on many hosts has no plays, and only its own
 * output.
 */
function header(view: RunView, paint: Paint): readonly string[] {
  if (view.plays !== 1) return [];
  const mode = view.check ? ' (check mode: no changes are made)' : '';
  const hosts = count(view.targets.length, targetNoun(view));
  return [paint('bold', `${view.title} on ${view.cluster}: ${hosts}${source(view)}${mode}`)];
}

/** The playbook's file, if it is not built in. */
function source({ file, replacesBuiltIn }: RunView): string {
  if (file === undefined) return '';
  return `, from ${file}${replacesBuiltIn === true ? ' instead of the built-in playbook' : ''}`;
}

/** `: gw-2 failed`. The line has the host's name already. */
function whySkipped(host: string, { hosts }: RunView): string {
  const why = hosts.get(host)?.whySkipped;
  return why === undefined ? '' : `: ${oneLine(aboutHost(host, why), 200)}`;
}

const faultLine = (error: ErrorInfo): string => `${error.code}: ${oneLine(error.message, 300)}`;
const hint = (error: ErrorInfo): readonly string[] => (error.hint === undefined ? [] : [`    hint: ${error.hint}`]);

const isInStep = (view: RunView, host: string): boolean => view.hosts.get(host)?.step !== undefined;
const shownTime = (durationMs: number, paint: Paint): string =>
  durationMs < WORTH_A_TIME_MS ? '' : paint('dim', ` (${formatDuration(durationMs)})`);

function taskEnd(event: TaskEnd, view: RunView, detail: Detail, paint: Paint): readonly Line[] {
  const at = `${paint('bold', `[${event.host}]`)}${isInStep(view, event.host) ? '    ' : ''}`;
  const note = noteWords(event.note);
  const time = shownTime(event.durationMs, paint);
  switch (event.status) {
    case 'ok':
    case 'skipped':
      return detail.verbose ? out(`${at} ${paint('green', event.status)}: ${taskWords(event.task)}${note}${time}`) : [];
    case 'changed':
      return out(
        `${at} ${changeLine(event, { check: view.check, diff: detail.diff, paint })}${time}`,
        ...(detail.diff ? changeLines(event, paint).map((line) => `    ${line}`) : []),
      );
    case 'unknown':
      return out(`${at} ${paint('cyan', 'unknown')}: ${taskWords(event.task)}${note}`);
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
    `${at} ${paint('red', 'FAILED')}: ${taskWords(event.task)}${why}${time}`,
    ...(error === undefined ? [] : hint(error)),
  );
}

/** Fields first, then the text. Leaves out the digest, because the text shows more. */
function changeLines(event: TaskEnd, paint: Paint): readonly string[] {
  // The line itself shows a balancer's settings.
  if (memberChange(event.task) !== undefined) return [];
  const text = event.patch === undefined ? [] : patchLines(event.patch, paint);
  const fields = event.differences.filter(({ path }) => text.length === 0 || path !== 'digest');
  return [...fields.map((row) => differenceText(row, 160)), ...text];
}
