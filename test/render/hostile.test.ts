import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { report } from '../../src/cli/print/print-error.ts';
import { printLine } from '../../src/cli/print/print-line.ts';
import { printReport } from '../../src/cli/print/print-report.ts';
import { statusLines } from '../../src/cli/status/table.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import { safeData } from '../../src/core/base/safe-text.ts';
import type { NumberedEvent } from '../../src/core/event/event.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { fold } from '../../src/render/fold.ts';
import { jsonRenderer } from '../../src/render/json.ts';
import { noPaint } from '../../src/render/lines/paint.ts';
import { plainRenderer } from '../../src/render/plain.ts';
import { EMPTY_VIEW } from '../../src/render/run-view.ts';
import { frame } from '../../src/render/tty/frame.ts';
import { ttyRenderer } from '../../src/render/tty/tty.ts';
import { FORBIDDEN, hostile } from '../support/base/hostile-text.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { scenarios } from './scenarios.ts';
import { Terminal } from './terminal.ts';
import { TextStream } from './text-stream.ts';

/** Text without a host's influence: names of the inventory, of plays and of steps, and words of fixed sets. */
const OURS: ReadonlySet<string> = new Set(
  'type time status outcome state traffic step code host hosts play title cluster stream kind'.split(' '),
);

/** The value with every external text replaced by one of these. */
function attacked(value: unknown, texts: readonly string[], key = ''): unknown {
  if (OURS.has(key)) return value;
  if (typeof value === 'string') return texts[value.length % texts.length];
  if (Array.isArray(value)) return value.map((item) => attacked(item, texts, key === 'waves' ? 'host' : ''));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, attacked(field, texts, name)]));
}

const runs = fc
  .tuple(fc.constantFrom(...scenarios), fc.array(hostile, { minLength: 3, maxLength: 7 }))
  .map(([{ events }, texts]) => attacked(events, texts) as readonly NumberedEvent[]);

/** Colors as this program makes them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const PAINT = /\u001b\[(?:1|2|22|31|32|33|36|39)m/g;
const hosts = new Set(scenarios.flatMap(({ events }) => JSON.stringify(events).match(/(?:cp|gw|lb|web)-\d+/g) ?? []));

/** Nothing acts on a terminal, and every line is one that the program begins itself. */
function expectHarmless(output: string): void {
  const text = output.replace(PAINT, '');
  expect(text).not.toMatch(FORBIDDEN);
  for (const line of text.split('\n')) {
    expect(line).not.toMatch(
      /^(?:OK: 3 hosts changed|Continue\? |== Gateways: gw-9|\[gw-2\] (?:changed: everything|FAILED: nothing))/,
    );
    const [, host] = /^\[(.*?)\]/.exec(line) ?? [];
    if (host !== undefined) expect(hosts).toContain(host);
  }
}

async function drawn(events: readonly NumberedEvent[], output: 'plain' | 'json'): Promise<string> {
  let text = '';
  const take = (chunk: string): void => {
    text += chunk;
  };
  const [stdout, stderr] = [new TextStream(take), new TextStream(take)];
  const renderer =
    output === 'json'
      ? jsonRenderer(stdout)
      : plainRenderer({ stdout, stderr, diff: true, verbose: true, colors: false });
  for (const event of events) renderer.event(event);
  await renderer.close();
  return text;
}

describe('no text of a host forges a line or moves a terminal', () => {
  test('in plain output', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (events) => expectHarmless(await drawn(events, 'plain'))),
      {
        numRuns: 150,
      },
    );
  });

  test('in JSON output, which keeps the original text', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (events) => {
        const text = await drawn(events, 'json');
        expect(text).not.toMatch(FORBIDDEN);
        const lines = text.trimEnd().split('\n');
        expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(events)));
      }),
      { numRuns: 50 },
    );
  });

  test('in the journal', () => {
    const directory = temporaryDirectory('journal');
    fc.assert(
      fc.property(runs, fc.nat(), (events, id) => {
        const now = new Date(id * 1000);
        using journal = openJournal(directory, { title: `t${Math.random()}`, onFault: expect.fail, now });
        for (const event of events) journal.event(event);
        const text = readFileSync(journal.file, 'utf8');
        expect(text).not.toMatch(FORBIDDEN);
        expect(text.trimEnd().split('\n').length).toBe(events.length);
      }),
      { numRuns: 20 },
    );
  });

  test('in the progress view of a terminal', () => {
    fc.assert(
      fc.property(runs, (events) => {
        let view = EMPTY_VIEW;
        for (const event of events) {
          view = fold(view, safeData(event));
          const lines = frame(view, Date.parse(event.time), { rows: 12, columns: 60 }, noPaint);
          expect(lines.join('')).not.toMatch(FORBIDDEN);
          expect(lines.join('')).not.toContain('\n');
        }
      }),
      { numRuns: 100 },
    );
  });

  test('on a terminal, including warnings beside the view', async () => {
    await fc.assert(
      fc.asyncProperty(runs, hostile, async (events, stray) => {
        const terminal = new Terminal(24, 400);
        // Enough for a renderer, but no socket.
        const stream = terminal as unknown as NodeJS.WriteStream;
        const renderer = ttyRenderer({ stdout: stream, stderr: stream, diff: true, verbose: true });
        for (const event of events) renderer.event(event);
        await renderer.hold?.().then((release) => release());
        printLine(stream, `warning: ${stray}`);
        await renderer.close();
        expectHarmless(terminal.all.join('\n'));
      }),
      { numRuns: 25 },
    );
  });

  test('in the error that ends a command, with and without a code', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (message, hint, host) => {
        for (const error of [new OrchError('NOT_READY', message, { hint, host }), new Error(message)]) {
          const stream = new TextStream();
          // Enough for a report, but no socket.
          report(error, stream as unknown as NodeJS.WriteStream);
          expect(stream.text).not.toMatch(FORBIDDEN);
          for (const line of stream.text.trimEnd().split('\n').slice(1)) expect(line).toMatch(/^ {2}/);
        }
      }),
    );
  });

  test('in the table of status, and in its JSON', async () => {
    const error = { code: 'LB_UNREACHABLE', message: 'x', hint: 'y', host: 'gw-1' } as const;
    const entry = {
      host: 'lb-1',
      state: 'up',
      sessions: 1,
      servers: [{ name: 'a', state: 'up', sessions: 1, sticky: 0 }],
    };
    const lease = { by: 'ab', at: 'abc', reason: 'abcd', kind: 'hand' };
    const service = {
      service: 'gateway',
      healthy: false,
      container: 'abcde',
      version: 'abcdef',
      image: 'a',
      state: 'running',
      restarts: 1,
      exitCode: null,
      startedAt: 'ab',
      answers: [{ path: '/status', status: null, why: 'abc' }],
      traffic: [{ pool: 'p', ...entry, lease, held: ['ab'] }],
      notAsked: [],
      error,
    };
    const whole = {
      cluster: 'prod',
      at: '2026-01-01T00:00:00Z',
      hosts: [{ host: 'gw-1', address: 'a', healthy: false, services: [service], error }],
      certificates: [{ place: 'api7.gateway', validUntil: null }],
      errors: [error],
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(hostile, { minLength: 3, maxLength: 7 }),
        fc.constantFrom('table', 'json'),
        async (texts, output) => {
          const stream = new TextStream();
          const found = { ...(attacked(whole, texts) as typeof whole), at: whole.at };
          // The states are free words here: the table must make them harmless, too.
          await printReport(found as never, statusLines, { output }, stream as unknown as NodeJS.WriteStream);
          expectHarmless(stream.text);
        },
      ),
      { numRuns: 100 },
    );
  });
});
