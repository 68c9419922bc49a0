import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BugStop } from '../../src/cli/bug-stop.ts';
import type { OrchError } from '../../src/core/base/errors.ts';
import { Secret } from '../../src/core/base/secret.ts';
import type { RunEvent } from '../../src/core/event/event.ts';

function scene(limitMs: number) {
  const events: RunEvent[] = [];
  const seen = { output: '', exit: [] as number[], stops: [] as OrchError[], flushed: false, released: false };
  const bugStop: BugStop = new BugStop({
    stderr: {
      write(text: unknown) {
        seen.output += String(text);
        return true;
      },
    },
    stop: (bug) => void seen.stops.push(bug),
    emit: (event) => {
      events.push(event);
      bugStop.follow(event);
    },
    flush: async () => {
      seen.flushed = true;
    },
    release: async () => {
      seen.released = true;
    },
    journal: '/state/run.ndjson',
    limitMs,
    exit: (code) => void seen.exit.push(code),
  });
  return { bugStop, events, seen };
}

const START: RunEvent = { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts: ['gw-1', 'gw-2'] };
const task = (host: string) => ({ host, play: 'p', task: 'container web', kind: 'container' });

test('a run that does not end is ended, and its active hosts are named', async () => {
  const { bugStop, events, seen } = scene(20);
  bugStop.follow(START);
  bugStop.follow({ type: 'task.start', ...task('gw-1'), waiting: false });
  bugStop.follow({ type: 'task.start', ...task('gw-2'), waiting: false });
  bugStop.follow({ type: 'task.end', ...task('gw-2'), status: 'changed', differences: [], durationMs: 1 });
  bugStop.follow({ type: 'host.end', host: 'gw-2', play: 'p', status: 'ok', durationMs: 1 });
  bugStop.caught(new TypeError('x is not a function'));
  bugStop.caught(new Error('a consequence'));
  expect(seen.stops.map(({ code, message }) => [code, message])).toEqual([['INTERNAL', 'x is not a function']]);
  expect(seen.exit).toEqual([]);
  await delay(60);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    type: 'run.end',
    outcome: 'internal',
    exitCode: 70,
    hosts: { 'gw-1': { changed: 0 }, 'gw-2': { changed: 1 } },
    errors: [{ code: 'INTERNAL', hint: expect.stringContaining('in progress: gw-1 (container web)') }],
  });
  expect(seen).toMatchObject({ exit: [70], flushed: true, released: true });
  expect(seen.output).not.toContain('a consequence');
  expect(seen.output).toContain(
    'this is a bug in api7-orch, please report it; the run is recorded in /state/run.ndjson',
  );
  bugStop[Symbol.dispose]();
});

test('a run that ends in time is not ended early', async () => {
  const { bugStop, events, seen } = scene(30);
  bugStop.follow(START);
  bugStop.caught(new Error('late'));
  bugStop[Symbol.dispose]();
  await delay(60);
  expect({ events, exit: seen.exit }).toEqual({ events: [], exit: [] });
  expect(seen.output.match(/this is a bug/g)).toHaveLength(1);
});

test('the printed error holds no secret and no terminal sequence', () => {
  Secret.of('a-secret-of-this-test');
  const { bugStop, seen } = scene(1000);
  bugStop.caught(new SyntaxError('Unexpected token "\u001b[2Ja-secret-of-this-test"'));
  bugStop[Symbol.dispose]();
  expect(seen.output).toContain('Unexpected token "***"');
  // Without a run that reports it at its end, the stack is printed at once.
  expect(seen.output).toContain('bug-stop.test.ts');
});

test('without an error nothing is printed', () => {
  const { bugStop, seen } = scene(1000);
  bugStop[Symbol.dispose]();
  expect(seen.output).toBe('');
});
