import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { OrchError } from '../../../src/core/base/errors.ts';
import { defineGate } from '../../../src/core/task/define-gate.ts';
import { defineQuery } from '../../../src/core/task/define-query.ts';
import { defineTask } from '../../../src/core/task/define-task.ts';
import { Later } from '../../../src/core/task/later.ts';
import type { Steps } from '../../../src/core/task/task.ts';
import type { TaskType } from '../../../src/core/task/task-type.ts';
import { warningsIn } from '../../support/base/events.ts';
import { bareHost, put } from '../../support/cluster/bare-host.ts';
import { onePlay, runPlays, virtualClock } from '../../support/cluster/run-fake.ts';
import { answered } from '../../support/cluster/toy-tasks.ts';

/** Its view is no plain data: a class instance that refers to itself. */
class Sighting {
  readonly self = this;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const sighted = defineGate({
  kind: 'sighted',
  params: z.object({ path: z.string() }),
  look: async ({ path }, host) => new Sighting((await host.read(path))?.toString() ?? ''),
  met: (_p, { text }) => text === 'yes',
  unmet: (_p, { text }) => new OrchError('X_NOT_SIGHTED', `saw "${text}"`),
});

/** A program runs offline first, without any result. */
const keep = <V>(printed: V[], answer: V | Later): void => {
  if (!(answer instanceof Later)) printed.push(answer);
};

describe('defineGate', () => {
  test.each([
    ['yes', [], ['ok sighted']],
    ['no', ['X_NOT_SIGHTED'], ['failed sighted']],
  ])('a gate may have a view that is no plain data: %s', async (text, codes, rows) => {
    const fake = bareHost();
    put(fake, '/a', text);
    const program = onePlay(function* (): Steps {
      yield sighted({ path: '/a' });
    });
    const run = await runPlays([fake], program);
    expect([run.codes, run.rows]).toEqual([codes, rows]);
  });

  test('a gate changes nothing, checks once without a timeout, and fails by default', () => {
    const gate = sighted({ path: '/a' });
    expect(gate.type).toEqual({
      kind: 'sighted',
      gate: true,
      impact: 'none',
      afterPending: 'keep',
      inTraffic: false,
    });
    expect(gate.bound.patience()).toMatchObject({ withinMs: 0, passes: 1 });
    expect(gate.bound.onTimeout).toBe('fail');
  });

  test('invalid parameters are refused, unknown ones leave it unknown', () => {
    expect(() => sighted({ path: 1 as unknown as string })).toThrow(expect.objectContaining({ code: 'TASK_PARAMS' }));
    expect(sighted({ path: new Later('another play') as unknown as string }).blocked).toMatchObject({
      why: 'another play',
    });
  });
});

describe('after the timeout', () => {
  const run = async (onTimeout: 'warn' | 'hold' | 'fail', asks = false) => {
    const fake = bareHost();
    put(fake, '/a', 'no');
    const printed: string[] = [];
    const program = onePlay(function* (): Steps {
      const gate = answered({ path: '/a', within: 300, onTimeout });
      if (asks) keep(printed, yield* gate);
      else yield gate;
      yield answered({ path: '/b' });
    });
    put(fake, '/b', 'yes');
    const clock = virtualClock();
    const done = await runPlays([fake], program, { clock });
    const warnings = warningsIn(done.events);
    return { rows: done.rows, codes: done.codes, warnings, printed, ms: clock.now() };
  };

  test.each(['fail', 'hold'] as const)('%s: the program fails', async (onTimeout) => {
    expect(await run(onTimeout)).toMatchObject({
      rows: ['failed answered /a', 'skipped answered /b'],
      codes: ['X_NOT_ANSWERED'],
      warnings: [],
    });
  });

  test('warn: the program continues, and the reason is a warning', async () => {
    expect(await run('warn')).toMatchObject({
      rows: ['ok answered /a', 'ok answered /b'],
      codes: [],
      warnings: ['/a said "no"'],
    });
  });

  test('warn: a program that asks gets the reason, and decides the output', async () => {
    expect(await run('warn', true)).toMatchObject({ codes: [], warnings: [], printed: ['/a said "no"'] });
  });

  test('warn: a gate that passes returns nothing to a program that asks', async () => {
    const fake = bareHost();
    put(fake, '/a', 'yes');
    const printed: string[] = [];
    const program = onePlay(function* (): Steps {
      keep(printed, yield* answered({ path: '/a', onTimeout: 'warn' }));
    });
    await runPlays([fake], program);
    expect(printed).toEqual(['']);
  });

  test('hold: the error leaves the decision to the operator', async () => {
    const errors: unknown[] = [];
    const gate = answered({ path: '/a', within: 0, onTimeout: 'hold' });
    const fake = bareHost();
    put(fake, '/a', 'no');
    const { waitForGate } = await import('../../../src/engine/apply/gate.ts');
    const entry = {
      task: gate as never,
      plan: {
        status: 'change',
        change: { before: await gate.bound.read(fake, undefined), after: null, differences: [] },
      },
      readAt: 0,
    } as never;
    const signal = new AbortController().signal;
    await waitForGate({ planner: {} as never, entry, clock: virtualClock(), signal, settled: false }).catch((error) =>
      errors.push(error),
    );
    expect(errors).toMatchObject([{ code: 'X_NOT_ANSWERED', operatorDecides: true }]);
  });

  test('check mode reports no failure of a gate that would let the program continue', async () => {
    const fake = bareHost();
    put(fake, '/a', 'no');
    const program = (onTimeout: 'warn' | 'fail') =>
      onePlay(function* (): Steps {
        yield answered({ path: '/a', within: 0, onTimeout });
      });
    expect((await runPlays([fake], program('warn'), { check: true })).rows).toEqual(['ok answered /a']);
    expect((await runPlays([fake], program('fail'), { check: true })).rows).toEqual(['failed answered /a']);
  });
});

describe('defineQuery', () => {
  const content = defineQuery({
    kind: 'content',
    params: z.object({ path: z.string() }),
    look: async ({ path }, host) => (await host.read(path))?.toString() ?? null,
  });

  test.each([
    ['there', 'there'],
    [undefined, null],
  ])('returns its view, also an empty one: %s', async (text, expected) => {
    const fake = bareHost();
    if (text !== undefined) put(fake, '/a', text);
    const printed: (string | null)[] = [];
    const program = onePlay(function* (): Steps {
      keep(printed, yield* content({ path: '/a' }));
    });
    const run = await runPlays([fake], program);
    expect([printed, run.rows, fake.writes]).toEqual([[expected], ['ok content'], 0]);
  });
});

test('a task type without "write" is refused', () => {
  const type = { kind: 'look', params: z.object({}), claim: () => 'file:/a', read: async () => null, want: () => null };
  expect(() => defineTask(type as unknown as TaskType<typeof type.params, void, null, void>)).toThrow(
    expect.objectContaining({ code: 'TASK_TYPE', message: 'task type look has no "write"' }),
  );
});
