import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { orch } from './orch.ts';
import { type Case, caseOf, seedsFrom } from './roll-faults-cases.ts';
import { judgeFirst, judgeSecond, putsBack } from './roll-faults-judge.ts';
import { healed, kinds } from './roll-faults-kinds.ts';
import { faultScene, leaveScene, type Scene, Striker, watched } from './roll-faults-scene.ts';
import { worldOf } from './roll-faults-world.ts';
import { mendFleet } from './rolling-scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await faultScene();
});
afterAll(() => scene && leaveScene(scene));

/** A case that failed must not make the next one fail. */
beforeEach(async () => {
  const { notServing, recorded } = await worldOf(scene.lab);
  if (notServing.length + recorded.length > 0) await mendFleet(scene.lab);
});

const usual = '3.10.5';

/** A restart goes on where an earlier one with the same `since` ended. */
function command(at: Case, since: string, again = false): readonly string[] {
  const { run, flags } = kinds[at.fault];
  const version = run === undefined || (again && putsBack.has(at.fault)) ? usual : run.version;
  const size = again ? 2 : at.atOnce;
  const vars = [`batch=${size}`, `max_unavailable=${size}`, `order=${at.order}`];
  vars.push(again || run === undefined ? 'soak=0s' : `soak=${run.soak}`);
  if (run === undefined) vars.push(`since=${since}`);
  return [
    ...['run', run === undefined ? 'rolling-restart' : 'test/lab/roll-faults-playbook.ts'],
    ...['-i', scene.inventories[version] ?? '', '-l', `${at.victim},${at.other}`, '--on-hold', 'stop'],
    ...vars.flatMap((one) => ['-e', one]),
    ...(again ? [] : (flags?.(at) ?? [])),
  ];
}

const cases = seedsFrom(process.env.API7_ORCH_SEED).map(caseOf);
const busy = new Set(['machine off', 'container killed', 'network lost']);

test.each(cases)('seed $seed: $fault, $moment, $victim of $order, $atOnce at once ($balancer)', async (at) => {
  const { lab } = scene;
  const since = new Date().toISOString();
  const before = await worldOf(lab);
  const striker = new Striker(lab, at);
  try {
    await striker.before();
    const first = await watched(lab, command(at, since), striker.onEvent);
    const slow = await striker.over();
    const between = await worldOf(lab);
    expect(striker.hasStruck).toBe(true);
    if (slow !== undefined && !busy.has(at.fault)) expect(slow).toBe(200);
    judgeFirst(at, first, before, between);

    await healed(lab, at);
    const second = await watched(lab, command(at, since, true));
    const done = Object.keys(first.run.nodes).filter((name) => first.run.nodes[name]?.state === 'done');
    judgeSecond(at, second, { before, between, after: await worldOf(lab), done });
  } finally {
    await striker.over().catch(() => undefined);
    await healed(lab, at);
    // A release that is installed by now would leave the next case of this kind nothing to do. No clients are around to
    // compare answers with.
    const back = ['run', 'install', '-i', scene.inventories[usual] ?? '', '--on-hold', 'go'];
    if (at.fault === 'disk full') expect((await orch(back)).code).toBe(0);
  }
});
