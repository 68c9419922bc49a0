import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ErrorInfo,
  type HostCounts,
  NO_COUNTS,
  type NumberedEvent,
  type RunEvent,
} from '../../src/core/event/event.ts';
import { fold } from '../../src/render/fold.ts';
import { EMPTY_VIEW, isDone, type RunView } from '../../src/render/run-view.ts';
import { numbered, scenarios, taskEnd } from './scenarios.ts';

const HOSTS = ['gw-1', 'gw-2', 'gw-3'];
const STATUSES = ['ok', 'changed', 'failed', 'skipped', 'unknown'] as const;

const host = fc.constantFrom(...HOSTS, 'lb-1');
const task = fc.constantFrom('directory /opt/api7', 'container api7-gateway');
const error: ErrorInfo = { code: 'COMMAND_FAILED', message: 'as it says' };

const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  fc
    .tuple(host, task, fc.constantFrom(...STATUSES))
    .map(([h, t, status]) => taskEnd(h, t, status, status === 'failed' ? { error } : {})),
  fc
    .tuple(host, task, fc.boolean())
    .map(([h, t, waiting]): RunEvent => ({ type: 'task.start', host: h, play: 'p', task: t, kind: 'x', waiting })),
  fc.tuple(host, task).map(([h, t]): RunEvent => ({ type: 'task.progress', host: h, task: t, text: '1 of 2' })),
  host.map((h): RunEvent => ({ type: 'host.connected', host: h, durationMs: 1 })),
  host.map((h): RunEvent => ({ type: 'host.unreachable', host: h, error })),
  host.map((h): RunEvent => ({ type: 'host.plan', host: h, play: 'p', changes: 1, unknown: 0, tasks: 2 })),
  fc
    .tuple(host, fc.constantFrom('ok' as const, 'failed' as const, 'skipped' as const))
    .map(([h, status]): RunEvent => ({ type: 'host.end', host: h, play: 'p', status, durationMs: 1 })),
  fc.subarray(HOSTS).map((hosts): RunEvent => ({ type: 'play.start', play: 'p', hosts })),
  fc.constant<RunEvent>({ type: 'play.end', play: 'p', ok: true }),
  fc.constant<RunEvent>({ type: 'warning', message: 'take care' }),
);

const anyRun = fc
  .array(anyEvent, { maxLength: 80 })
  .map((events) =>
    numbered([{ type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts: HOSTS }, ...events]),
  );

const viewOf = (events: readonly NumberedEvent[]): RunView => events.reduce(fold, EMPTY_VIEW);

/** Counted separately, from the events alone. */
function countsOf(events: readonly NumberedEvent[], name: string): HostCounts {
  const mine = events.filter((event) => 'host' in event && event.host === name);
  const ends = mine.flatMap((event) => (event.type === 'task.end' ? [event.status] : []));
  const counts = Object.fromEntries(STATUSES.map((status) => [status, ends.filter((end) => end === status).length]));
  return { ...NO_COUNTS, ...counts, unreachable: mine.some(({ type }) => type === 'host.unreachable') ? 1 : 0 };
}

describe('the view of a run', () => {
  test('counts the statuses of tasks, and nothing else', () => {
    fc.assert(
      fc.property(anyRun, (events) => {
        for (const { name, counts } of viewOf(events).hosts.values()) expect(counts).toEqual(countsOf(events, name));
      }),
    );
  });

  test('a task is current from its start to its end, or to the end of its host', () => {
    fc.assert(
      fc.property(anyRun, (events) => {
        const last = new Map<string, string>();
        for (const event of events) {
          if (
            'host' in event &&
            event.host !== undefined &&
            /^(task\.(start|end)|host\.(end|unreachable))$/.test(event.type)
          )
            last.set(event.host, event.type);
          if (event.type === 'play.start') for (const name of event.hosts) last.set(name, event.type);
        }
        for (const { name, task: current } of viewOf(events).hosts.values())
          expect(current !== undefined, name).toBe(last.get(name) === 'task.start');
      }),
    );
  });

  test('keeps every error and every change, with their host and task', () => {
    fc.assert(
      fc.property(anyRun, (events) => {
        for (const { name, errors, changes, counts } of viewOf(events).hosts.values()) {
          const lost = events.filter((event) => event.type === 'host.unreachable' && event.host === name).length;
          expect(errors.length).toBe(counts.failed + lost);
          expect(errors.every((fault) => fault.host === name)).toBe(true);
          expect(changes.length).toBe(counts.changed);
        }
      }),
    );
  });

  test('is the same when a journal is replayed, and leaves earlier views as they were', () => {
    fc.assert(
      fc.property(anyRun, fc.nat(80), (events, at) => {
        const early = viewOf(events.slice(0, at));
        const before = structuredClone(early);
        const whole = events.slice(at).reduce(fold, early);
        expect(early).toEqual(before);
        const journal: readonly NumberedEvent[] = events.map((event) => JSON.parse(JSON.stringify(event)));
        expect(viewOf(journal)).toEqual(whole);
      }),
    );
  });

  test('a new play starts its hosts again, except the unreachable ones', () => {
    const view = viewOf(
      numbered([
        { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts: HOSTS },
        { type: 'play.start', play: 'one', hosts: HOSTS },
        { type: 'host.end', host: 'gw-1', play: 'one', status: 'ok', durationMs: 1 },
        { type: 'host.unreachable', host: 'gw-2', error },
        { type: 'play.start', play: 'two', hosts: HOSTS },
      ]),
    );
    expect([...view.hosts.values()].map(({ state }) => state)).toEqual(['waiting', 'unreachable', 'waiting']);
    expect([...view.hosts.values()].filter(isDone).map(({ name }) => name)).toEqual(['gw-2']);
    expect([view.play, view.plays]).toEqual(['two', 2]);
  });

  test.each(scenarios)('agrees with the end of the run: $name', ({ events, name }) => {
    const view = viewOf(events);
    const failed = [...view.hosts.values()].filter(({ counts }) => counts.failed > 0).map((each) => each.name);
    const printed = Object.entries(view.end?.hosts ?? {})
      .filter(([, counts]) => counts.failed > 0)
      .map(([each]) => each);
    if (name !== 'exec') expect(failed).toEqual(printed);
    expect(view.exec).toBe(name === 'exec');
  });
});
