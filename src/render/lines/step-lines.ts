import { formatDuration } from '../../core/base/duration.ts';
import type { RunEvent } from '../../core/event/event.ts';
import type { Detail } from '../renderer.ts';
import { isNodeDone, type RunView } from '../run-view.ts';
import type { Line } from './line.ts';
import { oneLine, type Paint } from './paint.ts';
import { stepWords } from './roll-lines.ts';

type RollStep = Extract<RunEvent, { type: 'roll.step' }>;
type RollHold = Extract<RunEvent, { type: 'roll.hold' }>;

/** Steps printed only with details while they succeed. */
const QUIET_STEPS: ReadonlySet<string> = new Set(['checkDependencies', 'recheck']);

const out = (text: string): Line => ({ to: 'out', text });
const err = (text: string): Line => ({ to: 'err', text });

/** A step of a node, and after its last one that the node is done. `view` already includes the event. */
export function stepLines(event: RollStep, view: RunView, detail: Detail, paint: Paint): readonly Line[] {
  const at = paint('bold', `[${event.host}]`);
  const words = stepWords(event);
  const time = formatDuration(event.durationMs);
  switch (event.status) {
    case 'begun': {
      if (QUIET_STEPS.has(event.step) && !detail.verbose) return [];
      const length = event.note === undefined ? '' : ` ${event.note}`;
      return [out(`${at} ${paint('cyan', words)}${length}`)];
    }
    case 'ok':
      return [
        ...(detail.verbose
          ? [out(`${at} ${paint('cyan', words)}: ${paint('green', 'ok')} ${paint('dim', `(${time})`)}`)]
          : []),
        ...nodeDoneLines(event, view, paint),
      ];
    case 'held':
      return [err(`${at} ${paint('cyan', words)}: ${paint('yellow', 'on hold')} after ${time}`)];
    case 'notNeeded':
      return [out(`${at} ${paint('cyan', words)}: not needed${event.note === undefined ? '' : ` (${event.note})`}`)];
    case 'failed': {
      // The failed task has printed the reason already.
      const isKnown = view.hosts.get(event.host)?.errors.some(({ message }) => message === event.note) ?? false;
      const why = isKnown || event.note === undefined ? '' : `: ${oneLine(event.note, 300)}`;
      if (event.note === `interrupted on ${event.host}`)
        return [err(`${at} ${paint('cyan', words)}: ${paint('yellow', 'interrupted')} after ${time}`)];
      return [err(`${at} ${paint('cyan', words)}: ${paint('red', 'FAILED')} after ${time}${why}`)];
    }
    default:
      return event.status satisfies never;
  }
}

/** `[gw-1] done, node 1 of 3 (27s)`, once the node's last step is over. */
function nodeDoneLines(
  event: { readonly type: string; readonly host?: string },
  { roll }: RunView,
  paint: Paint,
): readonly Line[] {
  const { host } = event;
  if (host === undefined || !isNodeDone(roll, host) || roll.last !== host) return [];
  const { done, nodes } = roll;
  const time = formatDuration(done.get(host) ?? 0);
  return [
    out(
      `${paint('bold', `[${host}]`)} ${paint('green', 'done')}, node ${done.size} of ${nodes.length} ${paint('dim', `(${time})`)}`,
    ),
  ];
}

/** The pause of a run, and its end. */
export function holdLines(event: RollHold, view: RunView, paint: Paint): readonly Line[] {
  const { host, why, hint, waiting, answer } = event;
  // A message may start with its object already.
  const about = host === undefined || why.startsWith(`${host}:`) ? '' : `${host}: `;
  if (waiting)
    return [
      err(`${paint('yellow', 'HOLD')}: ${about}${why}`),
      ...(hint === undefined ? [] : [err(`    hint: ${hint}`)]),
    ];
  return [
    err(answer === false ? paint('yellow', 'Stopping: the answer was no.') : paint('cyan', 'Resumed.')),
    // On the same stream: it must not overtake the previous line.
    ...nodeDoneLines(event, view, paint).map(({ text }) => err(text)),
  ];
}
