import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { hostNames } from '../plan/lab-file.ts';
import { orch } from '../scenes/orch.ts';
import { repairFleet } from '../scenes/rolling-scene.ts';
import { type Case, caseOf, type FaultGroup, groupOf, selectedBy } from './cases.ts';
import { judgeFirst, judgeSecond, putsBack } from './judge.ts';
import { healed, kinds } from './kinds.ts';
import { faultScene, leaveScene, type Scene, Striker, sampledRun, usualVersion } from './scene.ts';
import { type World, worldOf } from './world.ts';

const note = (line: string) => process.stderr.write(`lab: ${line}\n`);

/** Declares the selected cases of one group as tests on a lab of their own. */
export function faultCases(group: FaultGroup): void {
  const selection = selectedBy(process.env);
  const cases = selection.seeds.map(caseOf).filter(({ fault }) => groupOf(fault) === group);
  // The next run installs the earlier version of the gateways again.
  const isRepeated = ({ seed, fault }: Case) => kinds[fault].run !== undefined || selection.repeated.includes(seed);
  if (cases.length === 0) {
    test.skip(`no case of ${selection.name} is of this group`);
    return;
  }
  let scene: Scene;
  beforeAll(async () => {
    const command = `API7_ORCH_SEED=${selection.name} npx vitest run --project lab test/lab/faults-${group}.test.ts`;
    note(`${cases.length} faults, seeds ${cases.map(({ seed }) => seed)}; to repeat them: ${command}`);
    scene = await faultScene(group);
  });
  afterAll(() => scene && leaveScene(scene));

  /** The initial lab of a case. A failed case must not make the next one fail. */
  let found: World;
  beforeEach(async () => {
    found = await worldOf(scene.lab);
    if (found.notServing.length + found.recorded.length === 0) return;
    await repairFleet(scene.lab);
    found = await worldOf(scene.lab);
  });

  test.each(cases.map((at, index) => ({ ...at, later: cases.slice(index + 1) })))(
    'seed $seed: $fault, $moment, $victim of $order, $atOnce at once ($balancer)',
    ({ later, ...at }) => strikeAndRepeat(scene, at, found, { isRepeated: isRepeated(at), later }),
  );
}

/** Clients of the victim that get no response with a fault of this kind. */
const breaksOff = new Set(['machine off', 'container killed', 'network lost']);

/** A run with a fault, the repair of the fault, and the same run again. Without the latter the test itself cleans up. */
async function strikeAndRepeat(
  scene: Scene,
  at: Case,
  before: World,
  { isRepeated, later }: { readonly isRepeated: boolean; readonly later: readonly Case[] },
): Promise<void> {
  const { lab } = scene;
  const striker = new Striker(lab, at);
  const since = new Date().toISOString();
  const lap = stopwatch();
  let passed = false;
  try {
    await striker.before();
    // Requests may be lost, so waiting long for their responses shows nothing.
    const patience = kinds[at.fault].cutsRequests?.(at) ? { silentMs: 5000 } : {};
    const first = await sampledRun(lab, command(scene, at, since), { onEvent: striker.onEvent, ...patience });
    const slow = await striker.over();
    const between = await worldOf(lab);
    lap('first run');
    expect(striker.hasStruck).toBe(true);
    if (slow !== undefined && !breaksOff.has(at.fault)) expect(slow).toBe(200);
    judgeFirst(at, first, before, between);

    await healed(lab, at);
    lap('healing');
    if (isRepeated) {
      const second = await sampledRun(lab, command(scene, at, since, true));
      const done = Object.keys(first.run.nodes).filter((name) => first.run.nodes[name]?.state === 'done');
      judgeSecond(at, second, { before, between, after: await worldOf(lab), done });
      lap('second run');
    }
    passed = true;
  } finally {
    await striker.over().catch(() => undefined);
    if (!passed) await healed(lab, at, hostNames(lab.file));
    // A release that is installed now would leave a later case with an install nothing to do. No clients compare responses with
    // it.
    const back = ['run', 'install', '-i', scene.installs[usualVersion] ?? '', '--on-hold', 'go'];
    if (at.fault === 'disk full' && later.some(({ fault }) => kinds[fault].run))
      expect((await orch(back)).code).toBe(0);
    note(`seed ${at.seed}: ${at.fault}, ${at.moment}: ${lap('end')}`);
  }
}

/** A restart resumes an earlier one with the same `since`. */
function command({ installs, restarts }: Scene, at: Case, since: string, again = false): readonly string[] {
  const { run, flags, impatient } = kinds[at.fault];
  const playbook = run === undefined ? 'rolling-restart' : 'install';
  const size = again ? 2 : at.atOnce;
  const vars = [`batch=${size}`, `max_unavailable=${size}`, `order=${at.order}`];
  vars.push(again || run === undefined ? 'soak=0s' : `soak=${run.soak}`);
  if (run === undefined) vars.push(`since=${since}`);
  const version = run === undefined || (again && putsBack.has(at.fault)) ? usualVersion : run.version;
  return [
    ...['run', again || !impatient ? playbook : `test/lab/faults/impatient-${playbook}.ts`],
    ...['-i', run === undefined ? restarts : (installs[version] ?? '')],
    ...['-l', `${at.victim},${at.other}`, '--on-hold', 'stop'],
    ...vars.flatMap((one) => ['-e', one]),
    ...(again ? [] : (flags?.(at) ?? [])),
  ];
}

/** Returns how long each part took: `first run 21 s, healing 2 s`. */
function stopwatch(): (part: string) => string {
  let since = Date.now();
  let all = '';
  return (part) => {
    all += `${all === '' ? '' : ', '}${part} ${Math.round((Date.now() - since) / 1000)} s`;
    since = Date.now();
    return all;
  };
}
