import type { RunEvent } from '../../../src/core/event/event.ts';
import { errorsIn } from '../../support/base/events.ts';
import { ids, OPTIONS, type Case as Row } from '../machine-cases.ts';
import { cloneWorld, makeWorld, membersOf, Violation, type World } from '../world.ts';
import { checkRest } from '../world-check.ts';
import { checkLife } from './check.ts';
import { Cluster } from './cluster.ts';
import { type Life, live, type Setup } from './life.ts';
import { Monitor } from './monitor.ts';
import type { Fault } from './strike.ts';
import { worldOf } from './world-of.ts';

/** A row of the machine's table, with faults that only hosts have. */
export type Case = Omit<Row, 'faults'> & { readonly faults: readonly Fault[] };

/** With any of these, a run on healthy hosts ends as without it. */
const HARMLESS: ReadonlySet<string> = new Set([
  'replyLost',
  'network',
  'recovers',
  'killedBefore',
  'killedAfter',
  'holdGo',
]);

/** No node notices these. */
const OUTSIDE: ReadonlySet<string> = new Set(['replyLost', 'killedBefore', 'killedAfter']);

const WRITES: ReadonlySet<string> = new Set(['drain', 'apply', 'restore']);

/** A drain lost by a reload is repeated, before it matters or for the last time. */
const isDrainedAgain = (step: string, kind: string): boolean =>
  kind === 'reload' && (step === 'checkDependencies' || step === 'lastLook');

const LIVES = 4;

/**
 * One case with the real engine, the real tasks of the balancers and fake hosts: the run with its faults (a killed controller is
 * followed by another one), then the operator repairs the faults, and the same run runs again. It must end like a run without any
 * fault. @throws Violation
 */
export async function playReal(
  one: Case,
  listen: (event: RunEvent) => void = () => undefined,
): Promise<readonly Life[]> {
  const given = makeWorld(ids(one.fleet), one.change);
  one.prepare?.(given);
  for (const id of one.skipped ?? []) Object.assign(given.nodes[id] ?? {}, { reachable: false });
  const cluster = new Cluster(given);
  const options = { ...OPTIONS, ...one.options };
  const monitor = new Monitor(cluster, Number(options.maxUnavailable));
  // Balancers have noticed the unhealthy nodes.
  await cluster.time.until(cluster.time.sleep(10_000), () => undefined);
  const nth = typeof one.order === 'number' ? one.order : 0;
  const setup: Setup = {
    options,
    nth,
    listen,
    inRun: one.inRun ?? ids(one.fleet),
    unstaged: one.unstaged ?? [],
    skipUnreachable: (one.skipped ?? []).length > 0,
    faults: one.faults,
  };
  const first = await worldOf(cluster);
  const lives: Life[] = [];
  for (let faults = one.faults; ; ) {
    const life = await lived(cluster, monitor, { ...setup, faults });
    lives.push(life);
    faults = life.left;
    if (life.report !== undefined) break;
    if (lives.length > LIVES) throw new Violation('it is killed for ever');
  }
  if (isHealthy(given, one)) checkOutcome(one, lives);
  cluster.heal();
  await cluster.time.until(cluster.time.sleep(10_000), () => undefined);
  const again = await lived(cluster, monitor, { ...setup, unstaged: [], skipUnreachable: false, faults: [] });
  if (setup.inRun.length === one.fleet && !holds(first)) {
    if (again.report?.exitCode !== 0)
      throw new Violation(`in the end it exits with ${again.report?.exitCode}: ${why(again)}`);
    checkRest(await worldOf(cluster), first, options.leaveDrained);
  }
  return [...lives, again];
}

async function lived(cluster: Cluster, monitor: Monitor, setup: Setup): Promise<Life> {
  const before = cloneWorld(await worldOf(cluster));
  const life = await live(cluster, monitor, setup);
  checkLife(life, setup, before, await worldOf(cluster));
  if (monitor.wrong !== undefined) throw monitor.wrong;
  return life;
}

/** Nothing is wrong with the world but the faults. */
const isHealthy = (world: World, { unstaged = [], inRun }: Case): boolean =>
  unstaged.length === 0 &&
  inRun === undefined &&
  !holds(world) &&
  Object.values(world.nodes).every(({ running, sick, reachable }) => running && !sick && reachable);

/** Harmless faults change nothing; others are reported by their own names. */
function checkOutcome({ faults, fleet }: Case, lives: readonly Life[]): void {
  const last = lives.at(-1);
  const happened = lives.flatMap((life) => life.happened);
  const code = last?.report?.exitCode;
  // A write is repeated once, and not more often.
  const borne = ({ step, kind }: Fault): boolean =>
    HARMLESS.has(kind) || (kind === 'retried' && !WRITES.has(step)) || isDrainedAgain(step, kind);
  if (happened.every(borne) && code !== 0)
    throw new Violation(`${faults.map(({ kind }) => kind)} makes it exit with ${code}: ${last && why(last)}`);
  const asked = lives.some(({ events }) => events.some(({ type }) => type === 'roll.hold'));
  if (asked && fleet > 2 && happened.every(({ kind }) => OUTSIDE.has(kind)))
    throw new Violation('a question without a subject');
  const failing = happened.length === 1 && happened.some(({ kind }) => kind === 'fails' || kind === 'half');
  if (failing && (code === 0 || !why(last as Life).includes('X_SIMULATED')))
    throw new Violation(`the failure is reported as ${last && why(last)}, and the exit code is ${code}`);
}

const why = ({ events }: Life): string =>
  errorsIn(events)
    .map(({ code, message }) => `${code} ${message}`)
    .join('; ');

const holds = (world: World): boolean =>
  Object.keys(world.nodes).some((id) => membersOf(world, id).some(({ admin, lease }) => (lease ?? admin) !== 'ready'));
