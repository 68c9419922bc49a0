import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import type { NumberedEvent } from '../../src/core/event/event.ts';
import { overlaps } from '../../src/core/task/claim.ts';
import { diff } from '../../src/core/task/diff.ts';
import type { Task } from '../../src/core/task/task.ts';
import { Hosts } from '../../src/engine/plan/hosts.ts';
import { Locals } from '../../src/engine/plan/locals.ts';
import { type Entry, planEntries, unread } from '../../src/engine/plan/plan-host.ts';
import { ReadAhead } from '../../src/engine/plan/read-ahead.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { guarded } from '../../src/lock/guarded.ts';
import type { FakeHost } from '../../src/testing/fake-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';
import { SENTINEL, type Subject, subjects } from './subjects.ts';

/** Plans a subject's tasks without the rest of the engine; the last one is the subject itself. */
async function plan(host: FakeHost, subject: Subject): Promise<{ readonly last: Entry; readonly locals: Locals }> {
  const entries = [...subject.tasks()].map((task) => unread(task as Task));
  const locals = new Locals(localFiles());
  const hosts = new Hosts(async () => host);
  await planEntries({ host: host.name, hosts, locals, ahead: new ReadAhead([]), entries, age: 0 }, entries);
  return { last: entries.at(-1) as Entry, locals };
}

const apply = (host: FakeHost, subject: Subject, check = false) =>
  runPlays(
    [host],
    onePlay(() => subject.tasks()),
    { check, diff: true },
  );

const silent = { warn: () => undefined, progress: () => undefined, aboutToStop: async () => undefined };

const snapshot = (host: FakeHost): string => JSON.stringify(host.snapshot());

const ended = (events: readonly NumberedEvent[]) => events.filter((event) => event.type === 'task.end');

describe.each(subjects)('$name', (subject) => {
  // A command that always runs has no final state.
  const lasting = subject.always ? () => {} : test;

  test('a plan changes nothing on the host', async () => {
    const host = subject.host();
    const before = snapshot(host);
    await apply(host, subject, true);
    expect(snapshot(host)).toBe(before);
    expect(host.writes).toBe(0);
  });

  test('after apply the plan is empty', async () => {
    const host = subject.host();
    const first = await apply(host, subject);
    expect(first.codes).toEqual([]);
    expect(ended(first.events).at(-1)?.status).toBe('changed');
    const again = await apply(host, subject);
    expect(ended(again.events).at(-1)?.status).toBe(subject.always ? 'changed' : 'ok');
  });

  lasting('what check lists is what apply changes', async () => {
    const check = await apply(subject.host(), subject, true);
    const done = await apply(subject.host(), subject);
    const differences = (events: readonly NumberedEvent[]) => ended(events).map((event) => event.differences);
    const unsure = ended(check.events).map(({ status }) => status === 'unknown');
    expect(differences(check.events).filter((_, i) => !unsure[i])).toEqual(
      differences(done.events).filter((_, i) => !unsure[i]),
    );
  });

  lasting('the diff is what really changed', async () => {
    const host = subject.host();
    const before = await plan(host, subject);
    const planned = before.last.plan;
    const read = async () => before.last.task.bound.read(host, await before.locals.of(before.last.task));
    const was = await read();
    const done = await apply(host, subject);
    const observed = diff(was, await read()).map(({ path }) => path);
    // An undeclared field may change with the rest (a container's id): the diff never includes it.
    const claimed =
      ended(done.events)
        .at(-1)
        ?.differences.map(({ path }) => path) ?? [];
    expect(observed).toEqual(expect.arrayContaining(claimed.filter((path) => path !== '')));
    if (planned.status === 'change' && was !== null)
      expect(claimed).toEqual(planned.change.differences.map(({ path }) => path));
  });

  test('writes stay inside the claim', async () => {
    const host = subject.host();
    const tasks = [...subject.tasks()] as readonly Task[];
    const before = new Map(host.files);
    await apply(host, subject);
    const touched = [...new Set([...before.keys(), ...host.files.keys()])].filter(
      (path) => before.get(path) !== host.files.get(path),
    );
    const strays = touched.filter(
      (path) => !tasks.some((task) => overlaps(task.claim, `file:${path}`)) && !subject.sideEffects?.includes(path),
    );
    expect(strays).toEqual([]);
  });

  lasting('writing twice is writing once', async () => {
    const once = subject.host();
    await apply(once, subject);
    const twice = subject.host();
    const { last, locals } = await plan(twice, subject);
    await apply(twice, subject);
    if (last.plan.status === 'change')
      await last.task.bound.write(last.plan.change, twice, await locals.of(last.task), silent);
    expect(await subject.stable(twice)).toBe(await subject.stable(once));
  });

  test('cut at any write and run again, it ends in the same state', async () => {
    const whole = subject.host();
    await apply(whole, subject);
    for (let cut = 1; cut <= whole.writes; cut++)
      for (const moment of ['before', 'after'] as const) {
        const host = subject.host();
        host.onWrite = (at, count) => {
          if (at === moment && count === cut) throw new OrchError('X_CONTROLLER_KILLED', 'killed');
        };
        const killed = await apply(host, subject);
        expect(killed.codes).toEqual(['X_CONTROLLER_KILLED']);
        host.onWrite = undefined;
        const next = await apply(host, subject);
        expect(next.codes).toEqual([]);
        expect(await subject.stable(host)).toBe(await subject.stable(whole));
      }
  });

  test('without the lock of its host it writes nothing', async () => {
    const host = subject.host();
    const before = snapshot(host);
    const refused = guarded(host, async () => {
      throw new OrchError('FENCED', 'another run has the lock');
    });
    expect((await apply(refused as FakeHost, subject)).codes).toEqual(['FENCED']);
    expect([host.writes, snapshot(host)]).toEqual([0, before]);
  });

  test('no secret shows in the events', async () => {
    for (const check of [true, false]) {
      const run = await apply(subject.host(), subject, check);
      expect(JSON.stringify(run.events)).not.toContain(SENTINEL);
    }
  });
});

/** Kinds of tasks that need a whole run, and the test of each. */
const ELSEWHERE: Readonly<Record<string, string>> = { goBack: 'test/recovery/way-back.test.ts' };

test('each kind of task that writes is among the subjects', () => {
  const root = join(import.meta.dirname, '../..');
  const sources = ['src', 'playbooks']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
    )
    .filter((file) => file.endsWith('.ts') && !file.includes('/src/core/'));
  const kinds = sources.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\bdefineTask\b[^']*?\bkind: '(\w+)'/g)].map(([, kind]) => kind),
  );
  const shown = subjects.map((subject) => [...subject.tasks()].at(-1)?.type.kind);
  expect(kinds.length).toBeGreaterThan(10);
  expect(kinds.filter((kind) => !shown.includes(kind) && !(String(kind) in ELSEWHERE))).toEqual([]);
  for (const file of Object.values(ELSEWHERE)) expect(existsSync(join(root, file))).toBe(true);
});
