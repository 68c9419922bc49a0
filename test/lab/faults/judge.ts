import { expect } from 'vitest';
import type { Case, FaultName } from './cases.ts';
import { kinds } from './kinds.ts';
import type { SampledRun } from './scene.ts';
import { startedBetween, type World } from './world.ts';

/** An interrupt after the last node has begun stops nothing. */
const codes = { well: [0], ill: [2, 3], back: [4], stopped: [6, 0], killed: [null] } as const;

/** Nodes outside of the run must be unchanged, drained nodes must have a lease, and no client may see an error. */
export function judgeFirst(at: Case, { run, out, load }: SampledRun, before: World, after: World): void {
  const fault = kinds[at.fault];
  const ends = fault.ends(at);
  const started = startedBetween(before, after);
  const blind = fault.blinds ? at.balancer : undefined;
  const states = Object.fromEntries(Object.entries(run.nodes).map(([name, { state }]) => [name, state]));

  expect({ ends, codes: codes[ends], code: run.code, errors: run.end?.errors }).toSatisfy(
    ({ code }) => codes[ends].some((one) => one === code),
    'the exit code is as documented',
  );
  if (fault.code !== undefined) expect(run.end?.errors.map(({ code }) => code)).toContain(fault.code);

  // The run never drains more nodes than allowed; nodes that a fault stops beside the victim are not counted.
  for (const { balancer, mostAtOnce, worst, samples } of out.filter((row) => row.balancer !== blind)) {
    expect(samples).toBeGreaterThan(0);
    expect({ balancer, mostAtOnce, worst }).toSatisfy(
      (sampled) => sampled.mostAtOnce <= at.atOnce + (fault.alsoOut ?? 0),
      `at most ${at.atOnce} out`,
    );
  }

  // A drained node has a lease or is held.
  const holds = fault.holds?.(at);
  const unrecorded = after.orderedOut.filter((name) => !after.recorded.includes(name));
  expect(unrecorded).toEqual(holds === undefined ? [] : [`lb-1 ${holds}`, `lb-2 ${holds}`]);
  if (ends === 'well' || ends === 'back' || ends === 'stopped' || run.code === 2) expect(after.recorded).toEqual([]);

  // Nodes outside of the run are unchanged.
  const away = after.notServing.filter((name) => blind === undefined || !name.startsWith(`${blind} `));
  expect(started).not.toContain(at.bystander);
  if (holds !== at.bystander) expect(away.filter((name) => name.endsWith(`/${at.bystander}`))).toEqual([]);

  // Every node of the run is reported with its state.
  if (run.code === 2) expect(started).toEqual([]);
  if (started.length > 0 && ends === 'ill') expect(run.code).toBe(3);
  if (Object.keys(states).length > 0) expect(Object.keys(states).sort()).toEqual([at.victim, at.other].sort());
  for (const [name, state] of Object.entries(states)) {
    if (state === 'done') expect(started).toContain(name);
    if (state === 'untouched' || state === 'skipped') expect(started).not.toContain(name);
    const left = after.recorded.some((one) => one.endsWith(` ${name}`));
    if (left) expect(run.nodes[name]).toMatchObject({ next: expect.stringMatching(/^api7-orch lb restore /) });
  }
  if (ends === 'well') expect({ states, started, away }).toEqual({ states: done(at), started: both(at), away: [] });
  // It serves its earlier version, and no other node was changed.
  if (ends === 'back') {
    expect(states).toEqual({ [at.victim]: 'rolledBack', [at.other]: 'untouched' });
    expect({ away, started }).toEqual({ away: [], started: [at.victim] });
    expect([after.images[at.victim], before.images[at.victim]]).toEqual([before.images[at.victim], expect.any(String)]);
  }
  if (ends === 'stopped') {
    expect(away).toEqual([]);
    if (run.code === 0) expect(states).toEqual(done(at));
  }
  if (holds === at.other) expect(states).toEqual({ [at.victim]: 'done', [at.other]: 'skipped' });
  if (ends === 'ill' && states[at.victim] === undefined) expect(run.code).toBe(2);

  if (!fault.cutsRequests?.(at)) expect(load.errors).toEqual({});
  expect(load.sent).toBeGreaterThan(10);
}

/** After the fault is gone, the same command completes the change. */
export function judgeSecond(
  at: Case,
  { run, out, load }: SampledRun,
  {
    before,
    between,
    after,
    done: already,
  }: Record<'before' | 'between' | 'after', World> & { done: readonly string[] },
): void {
  const { run: other, cutsRequests } = kinds[at.fault];
  expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
  const { notServing, orderedOut, recorded } = after;
  expect({ notServing, orderedOut, recorded }).toEqual({ notServing: [], orderedOut: [], recorded: [] });
  for (const { balancer, mostAtOnce, worst } of out)
    expect({ balancer, mostAtOnce, worst }).toSatisfy((sampled) => sampled.mostAtOnce <= 2, 'at most 2 out');
  const started = startedBetween(before, after);
  expect(started).not.toContain(at.bystander);
  if (other === undefined || !putsBack.has(at.fault)) expect(started).toEqual(both(at));
  // Finished nodes stay as they are.
  const twice = startedBetween(between, after).filter((name) => already.includes(name));
  expect({ twice }).toEqual({ twice: [] });
  if (!cutsRequests?.(at)) expect(load.errors).toEqual({});
}

/** A release that failed is not tried again: the one before it is installed. */
export const putsBack: ReadonlySet<FaultName> = new Set(['never ready', 'bad routes']);

const both = ({ victim, other }: Case): readonly string[] => [victim, other].sort();
const done = ({ victim, other }: Case) => ({ [victim]: 'done', [other]: 'done' });
