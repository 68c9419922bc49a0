import { describe, expect, test } from 'vitest';
import { type Plays, play } from '../../../src/core/play/play.ts';
import type { Task } from '../../../src/core/task/task.ts';
import { started } from '../../../src/tasks/started.ts';
import { stopped } from '../../../src/tasks/stopped.ts';
import { FakeDocker } from '../../../src/testing/fake-docker.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { runPlays } from '../../support/cluster/run-fake.ts';
import { gone, note, process_ } from '../../support/cluster/toy-tasks.ts';

/** One task for each play, all on the same host. */
const oneEach = (...tasks: readonly (() => Task)[]): (() => Plays) =>
  function* () {
    for (const [i, task] of tasks.entries())
      yield* play({
        name: `play ${i + 1}`,
        hosts: 'all',
        *tasks() {
          yield task();
        },
      });
  };

async function withContainer(isRunning: boolean): Promise<{ readonly host: FakeHost; readonly docker: FakeDocker }> {
  const docker = new FakeDocker({ files: { read: () => null } });
  docker.loadArchive({ classic: 'sha256:a', containerd: 'sha256:b' }, 'app:1');
  await docker.create('app', { Image: 'app:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
  if (isRunning) await docker.start('app');
  return { host: new FakeHost({ name: 'h1', docker }), docker };
}

const isUp = async (docker: FakeDocker): Promise<boolean | undefined> => (await docker.container('app'))?.State.Running;

describe('a container that one play stops and a later one starts', () => {
  const plays = oneEach(
    () => stopped({ container: 'app' }),
    () => started({ container: 'app' }),
  );

  test('is stopped and started', async () => {
    const { host, docker } = await withContainer(true);
    const run = await runPlays([host], plays);
    expect(run.rows).toEqual(['changed stopped app', 'changed started app']);
    expect(run.report.outcome).toBe('ok');
    expect(docker.stops.length).toBe(1);
    expect(await isUp(docker)).toBe(true);
  });

  test('is unknown in check mode in the later play', async () => {
    const { host, docker } = await withContainer(true);
    const run = await runPlays([host], plays, { check: true });
    expect(run.rows).toEqual(['changed stopped app', 'unknown started app']);
    expect(run.events).toContainEqual(expect.objectContaining({ task: 'started app', note: 'after stopped app' }));
    expect(docker.stops.length).toBe(0);
  });

  test('is known in check mode where the earlier play changes nothing', async () => {
    const { host, docker } = await withContainer(false);
    const run = await runPlays([host], plays, { check: true });
    expect(run.rows).toEqual(['ok stopped app', 'changed started app']);
    expect(await isUp(docker)).toBe(false);
  });
});

test('the last play wins, and every play applies its own state', async () => {
  const fake = new FakeHost({ name: 'h1' });
  const plays = oneEach(
    () => note({ path: '/a', content: 'first' }),
    () => gone({ path: '/a' }),
    () => note({ path: '/a', content: 'last' }),
  );
  const run = await runPlays([fake], plays);
  expect(run.rows).toEqual(['changed note /a', 'changed gone /a', 'changed note /a']);
  expect(String(await fake.read('/a'))).toBe('last');
  const again = await runPlays([fake], plays);
  expect(again.rows).toEqual(run.rows);
});

test('check mode knows a state that two plays share, but not one that a play between them changes', async () => {
  const a = () => note({ path: '/a', content: 'a' });
  const alike = await runPlays([new FakeHost({ name: 'h1' })], oneEach(a, a), { check: true });
  expect(alike.rows).toEqual(['changed note /a', 'changed note /a']);

  const fake = new FakeHost({ name: 'h1' });
  await fake.writeFile('/a', 'a', { mode: '0644', owner: 'root', group: 'root' });
  const between = await runPlays(
    [fake],
    oneEach(a, () => note({ path: '/a', content: 'b' }), a),
    { check: true },
  );
  expect(between.rows).toEqual(['ok note /a', 'changed note /a', 'unknown note /a']);
});

test('a planned change of another host makes nothing unknown', async () => {
  const [one, two] = [new FakeHost({ name: 'h1' }), new FakeHost({ name: 'h2' })];
  const on = (hosts: string, content: string) =>
    play({
      name: hosts,
      hosts,
      *tasks() {
        yield note({ path: '/a', content });
      },
    });
  const plays = function* (): Plays {
    yield* on('h1', 'a');
    yield* on('h2', 'b');
  };
  const run = await runPlays([one, two], plays, { check: true });
  expect(run.rows).toEqual(['changed note /a', 'changed note /a']);
});

test('a task delegated to a host counts for the later plays of that host', async () => {
  const [one, two] = [new FakeHost({ name: 'h1' }), new FakeHost({ name: 'h2' })];
  const plays = function* (): Plays {
    yield* play({
      name: 'from h1',
      hosts: 'h1',
      *tasks() {
        yield note({ path: '/a', content: 'a' }).delegate('h2');
      },
    });
    yield* play({
      name: 'on h2',
      hosts: 'h2',
      *tasks() {
        yield note({ path: '/a', content: 'b' });
      },
    });
  };
  const run = await runPlays([one, two], plays, { check: true });
  expect(run.rows).toEqual(['changed note /a (on h2)', 'unknown note /a']);
});

test('a task that depends on an unknown one is unknown', async () => {
  const fake = new FakeHost({ name: 'h1' });
  for (const path of ['/a', '/engine']) await fake.writeFile(path, '', { mode: '0644', owner: 'root', group: 'root' });
  const plays = function* (): Plays {
    yield* oneEach(() => note({ path: '/a', content: 'a' }))();
    yield* play({
      name: 'second',
      hosts: 'all',
      *tasks() {
        const b = note({ path: '/a', content: 'b' });
        yield b;
        yield process_({ name: 'app', restartOn: [b] });
      },
    });
  };
  const run = await runPlays([fake], plays, { check: true });
  expect(run.rows).toEqual(['changed note /a', 'unknown note /a', 'unknown process app']);
});
