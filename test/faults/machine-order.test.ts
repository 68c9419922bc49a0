import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command, Event, Observation, Options, Result, Step } from '../../src/rolling/types.ts';
import { type Case, CLEANING, ids, injections, play, STEPS } from './machine-cases.ts';
import { real } from './machine-subject.ts';

/** This moment was reached before, on another path: its continuation is covered. */
class Known extends Error {}

/** Plays a case in every order of its pending operations. Returns the number of different moments. */
function playInEveryOrder(one: Case): number {
  const known = new Set<string>();
  const ways: (readonly number[])[] = [[]];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const begun = way;
    const path = [...begun];
    let depth = 0;
    const choose = (count: number, snapshot: () => string): number => {
      const given = begun[depth++];
      if (given !== undefined) return given;
      const moment = snapshot();
      if (known.has(moment)) throw new Known();
      known.add(moment);
      for (let other = 1; other < count; other++) ways.push([...path, other]);
      path.push(0);
      return 0;
    };
    try {
      play(real, one, choose);
    } catch (error) {
      if (!(error instanceof Known)) throw new Error(`${JSON.stringify(one)} by ${path}: ${error}`, { cause: error });
    }
  }
  return known.size;
}

const two = { batch: 2, maxUnavailable: 2 } as const;

describe('in every order', () => {
  test('a rolling change without faults', () => {
    const moments = [2, 3, 4].map((fleet) => playInEveryOrder({ fleet, options: two, faults: [], order: 'first' }));
    console.log(`${moments.join(' + ')} moments`);
    expect(Math.min(...moments)).toBeGreaterThan(300);
  });

  test.each(['fails', 'lost', 'crash', 'network', 'interrupt', 'holdStop'] as const)(
    'two at once, and at one of them something %s',
    { timeout: 120_000 },
    (kind) => {
      const faults = injections(2, STEPS, [kind]).filter(({ node }) => node === 'gw-1');
      const moments = faults.map((fault) =>
        playInEveryOrder({ fleet: 2, options: two, faults: [fault], order: 'first' }),
      );
      console.log(`${moments.reduce((sum, count) => sum + count, 0)} moments`);
      expect(Math.min(...moments)).toBeGreaterThan(50);
    },
  );
});

const fault = { code: 'X_SIMULATED', message: 'so it came' } as const;
const node = fc.constantFrom(...ids(4), 'nobody');
const view: fc.Arbitrary<Observation> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ inTraffic: true, held: false, drainedByRun: false, up: true }) },
  {
    weight: 1,
    arbitrary: fc.record({ inTraffic: fc.boolean(), held: fc.boolean(), drainedByRun: fc.boolean(), up: fc.boolean() }),
  },
);
const views = fc.record(Object.fromEntries(ids(4).map((id) => [id, view])), { requiredKeys: [...ids(3)] });
const result: fc.Arbitrary<Result> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: 'ok' } as const) },
  { weight: 1, arbitrary: fc.constantFrom('failed', 'lost', 'hold').map((kind) => ({ kind, fault }) as Result) },
);

/** The next event: a reply to a pending command, or an unexpected event. */
interface Happening {
  readonly which: number;
  readonly result: Result;
  readonly views: Readonly<Record<string, Observation>>;
  readonly go: boolean;
  readonly odd: Event | undefined;
}

const odd: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constant('planned' as const), node, unhealthy: fc.boolean() }),
  fc.record({ type: fc.constant('needsDrain' as const), node }),
  fc.record({ type: fc.constant('ended' as const), node, ok: fc.boolean() }),
  fc.record({ type: fc.constant('observed' as const), nodes: views }),
  fc.record({ type: fc.constant('observeFailed' as const), fault: fc.constant(fault) }),
  fc.record({
    type: fc.constant('stepDone' as const),
    node,
    step: fc.constantFrom(...STEPS, ...CLEANING),
    result,
  }),
  fc.record({ type: fc.constant('network' as const), up: fc.boolean() }),
  fc.record({ type: fc.constant('answered' as const), go: fc.boolean() }),
  fc.record({ type: fc.constant('interrupted' as const) }),
);

const happening: fc.Arbitrary<Happening> = fc.record({
  which: fc.nat(),
  result,
  views,
  go: fc.boolean(),
  odd: fc.option(odd, { freq: 9, nil: undefined }),
});

const options: fc.Arbitrary<Options> = fc.record({
  canary: fc.integer({ min: 0, max: 2 }),
  batch: fc.constantFrom(undefined, 1, 2, '50%' as const, [1, '100%'] as const),
  maxUnavailable: fc.integer({ min: 1, max: 4 }),
  maxFailures: fc.integer({ min: 0, max: 2 }),
  order: fc.constantFrom([], ['gw-3', 'gw-1']),
  includeHeld: fc.boolean(),
  leaveDrained: fc.boolean(),
});

const pools = fc.constantFrom<readonly string[]>(['edge'], ['edge'], ['core'], ['edge', 'core']);

const role = fc.tuple(
  ...ids(4).map((id) => fc.record({ id: fc.constant(id), inRun: fc.constantFrom(true, true, true, false), pools })),
);

const answerTo = (command: Command, { result, views, go }: Happening): Event | undefined => {
  if (command.do === 'observe') return { type: 'observed', nodes: views };
  if (command.do === 'hold') return { type: 'answered', go };
  return command.do === 'step' ? { type: 'stepDone', node: command.node, step: command.step, result } : undefined;
};

const SUCCESS: Happening = {
  which: 0,
  result: { kind: 'ok' },
  views: Object.fromEntries(ids(4).map((id) => [id, { inTraffic: true, held: false, drainedByRun: false, up: true }])),
  go: true,
  odd: undefined,
};

/**
 * Sends the machine events, then replies to all pending commands until none is left. Returns the commands, and their
 * observations.
 */
function tell(
  chosen: Options,
  role: readonly { readonly id: string; readonly inRun: boolean; readonly pools: readonly string[] }[],
  all: readonly Happening[],
) {
  const nodes = role.map((one) => ({ ...one, balanced: true, unreachable: false }));
  let state: object = real.startRoll(chosen, nodes);
  const open: Command[] = [];
  const ordered: {
    readonly command: Command;
    readonly seen: Happening['views'];
    /** Nodes without a pending command, except a dependency check that has its reply. */
    readonly idle: ReadonlySet<string>;
  }[] = [];
  const last = new Map<string, Step>();
  let seen: Happening['views'] = {};
  const send = (event: Event): void => {
    if (event.type === 'observed') seen = event.nodes;
    const at = open.findIndex((one) => one.do === 'step' && event.type === 'stepDone' && one.node === event.node);
    if (at >= 0 && event.type === 'stepDone' && last.get(event.node) === event.step) open.splice(at, 1);
    const next = real.advance(state as never, event);
    state = next.state;
    for (const command of next.commands) {
      const busy = new Set(open.flatMap((one) => (one.do === 'step' ? [one.node] : [])));
      const idle = ids(4).filter(
        (id) => real.endOf(state as never, id) !== undefined || (last.get(id) === 'checkDependencies' && !busy.has(id)),
      );
      ordered.push({ command, seen, idle: new Set(idle) });
      if (command.do === 'step') last.set(command.node, command.step);
      if (command.do !== 'finish' && command.do !== 'refuse') open.push(command);
    }
  };
  for (const { id, inRun } of nodes) if (inRun) send({ type: 'needsDrain', node: id });
  const answer = (one: Happening): void => {
    const command = open[one.which % Math.max(1, open.length)];
    if (one.odd === undefined && command !== undefined && command.do !== 'step') open.splice(open.indexOf(command), 1);
    const event = one.odd ?? (command && answerTo(command, one));
    if (event !== undefined) send(event);
  };
  for (const one of all) answer(one);
  send({ type: 'network', up: true });
  for (let turn = 0; open.length > 0; turn++) {
    if (turn > 2000) throw new Error('it never ends');
    answer(SUCCESS);
  }
  return ordered;
}

test('in any event order: never throws, never exceeds the budget, finishes exactly once', () => {
  let starts = 0;
  fc.assert(
    fc.property(options, role, fc.array(happening, { maxLength: 120 }), (chosen, role, all) => {
      const ordered = tell(chosen, role, all);
      if (role.some(({ inRun }) => inRun)) expect(ordered.at(-1)?.command).toEqual({ do: 'finish' });
      expect(ordered.filter(({ command }) => command.do === 'finish').length).toBeLessThanOrEqual(1);
      const begun = new Set<string>();
      for (const { command, seen, idle } of ordered) {
        if (command.do !== 'step') continue;
        for (const id of idle) begun.delete(id);
        begun.add(command.node);
        if (command.step !== 'checkDependencies') continue;
        starts++;
        expect(seen[command.node]).toBeDefined();
        if (!seen[command.node]?.inTraffic) continue;
        const away = ids(4).filter((id) => begun.has(id) || !seen[id]?.up || seen[id].drainedByRun || seen[id].held);
        for (const pool of role.find(({ id }) => id === command.node)?.pools ?? []) {
          const members = role.filter((one) => one.pools.includes(pool) && away.includes(one.id));
          expect(members.length).toBeLessThanOrEqual(Number(chosen.maxUnavailable));
        }
      }
    }),
    { numRuns: 3000, seed: 1 },
  );
  expect(starts).toBeGreaterThan(3000);
});
