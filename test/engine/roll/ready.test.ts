import { expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import { play } from '../../../src/core/play/play.ts';
import type { Steps, Task } from '../../../src/core/task/task.ts';
import { runPlays, sharedClock } from '../../support/cluster/run-fake.ts';
import { Cluster } from '../../support/cluster/toy-cluster.ts';
import { answered, note, served } from '../../support/cluster/toy-tasks.ts';

const status = () => answered({ path: '/status', passes: 3, every: 500 });
const RESTART_MS = 1000;

/** Changes one of two nodes. After each change, its files answer no for this time. With `fails` it does not come into service. */
async function roll(tasks: (uses: Task) => Steps, { fails = false } = {}) {
  const cluster = new Cluster(2);
  const [node] = cluster.nodes;
  const { traffic } = cluster.fleet;
  cluster.fleet.traffic = (name) => {
    const own = traffic.call(cluster.fleet, name);
    function* waitReady(): Steps {
      yield status();
      yield answered({ path: '/status/ready', every: 500 });
      yield answered({ path: '/steady', every: 500 });
    }
    function* goBack(): Steps {
      yield served({ path: '/app', content: 'old' });
    }
    return own && { ...own, waitReady, goBack, canGoBack: true };
  };
  cluster.fleet.onStep = (step) => {
    if (fails && step === 'waitInService' && cluster.content('gw-1') === 'new')
      throw new OrchError('LB_MEMBER_NOT_UP', 'it is down');
  };
  const set = (path: string, text: string) =>
    node?.files.set(path, { type: 'file', content: Buffer.from(text), mode: '0644', owner: 'root', group: 'root' });
  let changedAt: number | undefined;
  let content = cluster.content('gw-1');
  const says = { '/status': RESTART_MS, '/status/ready': 2 * RESTART_MS, '/steady': 4 * RESTART_MS };
  const say = (now: number): void => {
    for (const [path, after] of Object.entries(says))
      set(path, changedAt === undefined || now >= changedAt + after ? 'yes' : 'no');
  };
  say(0);
  const clock = sharedClock(say);
  if (node !== undefined)
    node.onWrite = (moment) => {
      if (moment !== 'after' || cluster.content('gw-1') === content) return;
      content = cluster.content('gw-1');
      changedAt = clock.now();
      say(changedAt);
    };
  const run = await runPlays(
    [...cluster.nodes, cluster.fleet.lb],
    function* () {
      yield* play({
        name: 'roll',
        hosts: 'gw-1',
        rolling: { soak: '0s' },
        tasks: () => tasks(cluster.fleet.uses('gw-1')),
      });
    },
    { fleet: cluster.fleet, clock },
  );
  const rows = run.events.flatMap((event) =>
    event.type === 'task.end' && event.kind === 'answered' ? [`${event.status} ${event.task}`] : [],
  );
  return { codes: run.codes, rows, ms: clock.now() - (changedAt ?? 0) };
}

test('the gates of a ready step wait side by side, for as long as the longest of them takes', async () => {
  const { codes, rows, ms } = await roll(function* () {
    yield served({ path: '/app', content: 'new' });
  });
  expect([codes, rows]).toEqual([[], ['ok answered /status', 'ok answered /status/ready', 'ok answered /steady']]);
  expect(ms).toBe(4 * RESTART_MS);
});

test('a gate that the playbook has too runs once, and costs no extra time', async () => {
  const { codes, rows, ms } = await roll(function* (uses) {
    yield served({ path: '/app', content: 'new' });
    yield status();
    yield uses;
  });
  expect([codes, rows]).toEqual([[], ['ok answered /status', 'ok answered /status/ready', 'ok answered /steady']]);
  expect(ms).toBe(4 * RESTART_MS);
});

test('a gate that passed before the change is waited for again', async () => {
  const { codes, rows } = await roll(function* (uses) {
    yield note({ path: '/x', content: 'x' });
    yield status();
    yield served({ path: '/app', content: 'new' });
    yield uses;
  });
  expect([codes, rows]).toEqual([
    [],
    ['ok answered /status', 'ok answered /status', 'ok answered /status/ready', 'ok answered /steady'],
  ]);
});

test('a version that a node goes back to is waited for like the changed one', async () => {
  const { codes, rows, ms } = await roll(
    function* (uses) {
      yield served({ path: '/app', content: 'new' });
      yield status();
      yield uses;
    },
    { fails: true },
  );
  const passed = ['ok answered /status', 'ok answered /status/ready', 'ok answered /steady'];
  expect([codes, rows]).toEqual([['LB_MEMBER_NOT_UP'], [...passed, ...passed]]);
  expect(ms).toBe(4 * RESTART_MS);
});
