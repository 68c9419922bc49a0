import { defined } from '../core/base/data.ts';
import type { NumberedEvent, RunEvent } from '../core/event/event.ts';
import { stepWords } from './lines/roll-lines.ts';
import { taskWords } from './lines/task-words.ts';
import { held, rollPlanned, rollStep, settled } from './roll-view.ts';
import { type HostView, NO_ROLL, newHost, type RunView } from './run-view.ts';

/** The view after one more event. Pure: replaying a journal gives the run's own view. */
export function fold(before: RunView, event: NumberedEvent): RunView {
  const view = before.roll.last === undefined ? before : { ...before, roll: settled(before.roll) };
  switch (event.type) {
    case 'run.start':
      return {
        ...view,
        title: event.title,
        cluster: event.cluster,
        check: event.check,
        ...defined({ file: event.file, replacesBuiltIn: event.replacesBuiltIn }),
        targets: event.hosts,
        hosts: new Map(event.hosts.map((name) => [name, newHost(name)])),
      };
    case 'play.start':
      return startPlay(view, event.play, event.hosts);
    case 'host.connected':
      return onHost(view, event.host, (host) => ({ ...host, state: 'connected' }));
    case 'host.unreachable':
      return onHost(view, event.host, (host) => ({
        ...withoutStep(host),
        state: 'unreachable',
        counts: { ...host.counts, unreachable: 1 },
        errors: [...host.errors, { host: event.host, ...event.error }],
      }));
    case 'host.plan':
      return onHost(view, event.host, (host) => ({ ...host, state: 'working' }));
    case 'task.start':
      return onHost(view, event.host, (host) => ({
        ...host,
        state: 'working',
        task: { title: taskWords(event.task), since: Date.parse(event.time), waiting: event.waiting },
      }));
    case 'task.progress':
      return onHost(view, event.host, (host) =>
        host.task === undefined ? host : { ...host, task: { ...host.task, progress: event.text } },
      );
    case 'task.end':
      return onHost(view, event.host, (host) => endTask(host, event));
    case 'host.end':
      return onHost(view, event.host, (host) => ({ ...withoutStep(host), state: event.status }));
    case 'roll.step': {
      const { host, status, time } = event;
      const rolled = { ...view, roll: rollStep(view.roll, event) };
      return onHost(rolled, host, (now) =>
        status === 'begun'
          ? { ...idle(now), step: { title: stepWords(event), since: Date.parse(time) } }
          : withoutStep(now),
      );
    }
    case 'roll.hold':
      return event.waiting
        ? { ...view, hold: holdText(event) }
        : withoutHold({ ...view, roll: held(view.roll, event) });
    case 'roll.evidence':
      return { ...view, evidence: [...view.evidence, { host: event.host, evidence: event.evidence }] };
    case 'roll.end':
      return { ...view, rolled: { ...view.rolled, ...event.nodes } };
    case 'roll.plan':
      return { ...view, roll: rollPlanned(event.waves.flat()) };
    case 'exec.output':
      return view.exec ? view : { ...view, exec: true };
    case 'exec.end':
      return onHost({ ...view, exec: true }, event.host, (host) => endCommand(host, event));
    case 'play.end':
    case 'note':
    case 'warning':
      return view;
    case 'run.end':
      return { ...view, end: event };
    default:
      return event satisfies never;
  }
}

/** A task may run on a host that the play does not list (a balancer): then that host gets its own row. */
function onHost(view: RunView, name: string, change: (host: HostView) => HostView): RunView {
  const hosts = new Map(view.hosts);
  hosts.set(name, change(hosts.get(name) ?? newHost(name)));
  return { ...view, hosts };
}

function startPlay(view: RunView, play: string, names: readonly string[]): RunView {
  const hosts = new Map(view.hosts);
  for (const name of names) {
    const { whySkipped: _, ...host } = withoutStep(hosts.get(name) ?? newHost(name));
    hosts.set(name, { ...host, state: host.state === 'unreachable' ? 'unreachable' : 'waiting' });
  }
  return { ...view, play, playHosts: names, plays: view.plays + 1, roll: NO_ROLL, hosts };
}

function withoutHold(view: RunView): RunView {
  const { hold: _, ...rest } = view;
  return rest;
}

const holdText = ({ host, why }: Extract<RunEvent, { type: 'roll.hold' }>): string =>
  host === undefined || why.startsWith(`${host}:`) ? why : `${host}: ${why}`;

/** The end of a step also ends its tasks. */
function withoutStep(host: HostView): HostView {
  const { step: _, ...rest } = idle(host);
  return rest;
}

function idle(host: HostView): HostView {
  const { task: _, ...rest } = host;
  return rest;
}

function endTask(host: HostView, event: Extract<RunEvent, { type: 'task.end' }>): HostView {
  const { status } = event;
  return {
    ...idle(host),
    state: 'working',
    counts: { ...host.counts, [status]: host.counts[status] + 1 },
    changes: status === 'changed' ? [...host.changes, event.task] : host.changes,
    ...(status === 'skipped' ? defined({ whySkipped: event.note }) : {}),
    ...(status === 'changed' && event.kind === 'givenBack' ? { oldContainers: (host.oldContainers ?? 0) + 1 } : {}),
    errors:
      event.error === undefined
        ? host.errors
        : [...host.errors, { host: event.host, task: event.task, ...event.error }],
  };
}

function endCommand(host: HostView, event: Extract<RunEvent, { type: 'exec.end' }>): HostView {
  const { code, signal, error } = event;
  return {
    ...host,
    state: error === undefined && code === 0 ? 'ok' : 'failed',
    exit: error !== undefined ? error.code : code !== null ? `exit code ${code}` : `signal ${signal ?? 'unknown'}`,
    errors: error === undefined ? host.errors : [...host.errors, { host: event.host, ...error }],
  };
}
