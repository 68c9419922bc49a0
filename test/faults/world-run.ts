import type { Command, Event, NodeInit, Observation, Options, Result, Step } from '../../src/rolling/types.ts';
import {
  carryOut,
  type FaultKind,
  faultOn,
  flow,
  isHealthy,
  look,
  membersOf,
  needsChange,
  type World,
} from './world.ts';
import { type EndShown, Ledger } from './world-ledger.ts';

/** Internal to the machine: no test reads it. */
type MachineState = object;

/** The machine under test: the real one, or a mutant of it. */
export interface Machine {
  startRoll(options: Options, nodes: readonly NodeInit[]): MachineState;
  advance(state: never, event: Event): { readonly state: MachineState; readonly commands: readonly Command[] };
  endOf(state: never, id: string): EndShown | undefined;
}

/** The event at the first run of this step of this node. `look`: an observation, of no node. */
export interface Injection {
  readonly node: string;
  readonly step: Step | 'look';
  readonly kind:
    | FaultKind
    | 'killedBefore'
    | 'killedAfter'
    | 'interrupt'
    | 'network'
    | 'holdGo'
    | 'holdStop'
    | 'otherDies';
}

export interface Setup {
  readonly options: Options;
  readonly inRun: readonly string[];
  readonly faults: readonly Injection[];
  /** Nodes whose staging fails. */
  readonly unstaged?: readonly string[];
  readonly skipped?: readonly string[];
  /** Nodes whose failed change is undone. */
  readonly recovers?: boolean;
  /** Members by pool; left out: one pool has all nodes. */
  readonly pools?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface Ran {
  readonly state: MachineState;
  readonly ledger: Ledger;
  readonly killed: boolean;
  /** Faults that have not struck. */
  readonly left: readonly Injection[];
}

/** Which pending operation ends next. `snapshot`: all state that the rest of the run depends on. */
export type Chooser = (count: number, snapshot: () => string) => number;

type Pending =
  | { readonly kind: 'tell'; readonly events: readonly Event[] }
  | { readonly kind: 'look' }
  | { readonly kind: 'step'; readonly node: string; readonly step: Step; readonly nodes: readonly string[] };

/** Steps with a possible question to the operator. */
const ASKS: ReadonlySet<string> = new Set(['checkDependencies', 'waitIdle', 'soak', 'look']);

/** One run of the machine over the world, to its end or to the death of its controller. @throws Violation */
export function runWorld(machine: Machine, world: World, setup: Setup, choose: Chooser): Ran {
  const { options, inRun } = setup;
  const faults = [...setup.faults];
  const ids = Object.keys(world.nodes);
  const nodes = ids.map((id) => ({
    id,
    inRun: inRun.includes(id),
    balanced: membersOf(world, id).length > 0,
    unreachable: setup.skipped?.includes(id) ?? false,
    recovers: setup.recovers === true && membersOf(world, id).length > 0,
    ...(setup.pools && { pools: Object.keys(setup.pools).filter((pool) => setup.pools?.[pool]?.includes(id)) }),
  }));
  let state = machine.startRoll(options, nodes);
  const ledger = new Ledger(world, nodes, options, (id) => machine.endOf(state as never, id));
  let go = true;
  let pending: Pending[] = inRun
    .filter((id) => !setup.skipped?.includes(id))
    .map((node) => ({ kind: 'tell', events: [{ type: 'planned', node, unhealthy: !isHealthy(world, node) }] }));

  const take = (step: Injection['step'], node: string): Injection['kind'] | undefined => {
    const at = faults.findIndex((fault) => fault.step === step && fault.node === node);
    return at < 0 ? undefined : faults.splice(at, 1)[0]?.kind;
  };
  const send = (event: Event): void => {
    ledger.heard(event);
    const next = machine.advance(state as never, event);
    state = next.state;
    for (const command of next.commands) {
      ledger.ordered(command);
      if (command.do === 'observe') pending.push({ kind: 'look' });
      if (command.do === 'hold') pending.push({ kind: 'tell', events: [{ type: 'answered', go }] });
      if (command.do === 'step')
        pending.push({ kind: 'step', node: command.node, step: command.step, nodes: command.nodes ?? [] });
    }
    if (event.type === 'planned') pending.push({ kind: 'tell', events: [staged(event.node)] });
  };
  const staged = (node: string): Event => {
    if (setup.unstaged?.includes(node)) return { type: 'ended', node, ok: false, fault: faultOn(node, 'disk full') };
    return needsChange(world, node) ? { type: 'needsDrain', node } : { type: 'ended', node, ok: true };
  };
  const reply = (done: Event, kind: Injection['kind'] | undefined): readonly Event[] => {
    if (kind === 'interrupt') return [{ type: 'interrupted' }, done];
    if (kind === 'network') return [{ type: 'network', up: false }, done, { type: 'network', up: true }];
    return [done];
  };

  /** `false`: the controller is dead. */
  const carry = (one: Exclude<Pending, { kind: 'tell' }>): boolean => {
    const [step, node] = one.kind === 'look' ? (['look', ''] as const) : ([one.step, one.node] as const);
    const kind = take(step, node);
    if (kind === 'killedBefore') return false;
    const asks = (kind === 'holdGo' || kind === 'holdStop') && ASKS.has(step);
    if (asks) go = kind === 'holdGo';
    const fault = faultOn(node, `${step} is on hold`);
    let event: Event;
    if (one.kind === 'look') ledger.taken();
    if (one.kind === 'look')
      event = asks ? { type: 'observeFailed', fault } : { type: 'observed', nodes: observeNodes(world, ids) };
    else {
      ledger.about(one.node, one.step);
      const result: Result = asks ? { kind: 'hold', fault } : carryOut(world, node, one.step, one.nodes, isFault(kind));
      if (kind === 'otherDies') dies(world, ledger, ids);
      if (kind !== undefined && TAKES_AWAY.has(kind)) ledger.struck(node);
      event = { type: 'stepDone', node, step: one.step, result };
    }
    pending.push({ kind: 'tell', events: reply(event, kind) });
    return kind !== 'killedAfter';
  };

  for (let turns = 0; pending.length > 0; turns++) {
    if (turns > 5000) throw new Error('it never ends');
    const at = choose(pending.length, () => JSON.stringify([world, state, pending, faults, go]));
    const one = pending[at] as Pending;
    pending = pending.filter((_, i) => i !== at);
    if (one.kind === 'tell') for (const event of one.events) send(event);
    else if (!carry(one)) return { state, ledger, killed: true, left: faults };
  }
  return { state, ledger, killed: false, left: faults };
}

/** The last node of its budget, which may still be waiting, or outside of the run. */
function dies(world: World, ledger: Ledger, ids: readonly string[]): void {
  const other = ids.at(-1) ?? '';
  const node = world.nodes[other];
  if (node !== undefined) node.running = false;
  ledger.struck(other);
  flow(world);
}

const TAKES_AWAY: ReadonlySet<string> = new Set(['crash', 'unreachable', 'lost']);

const EFFECTS: ReadonlySet<string> = new Set<FaultKind>([
  'fails',
  'half',
  'hangs',
  'unreachable',
  'lost',
  'replyLost',
  'retried',
  'crash',
  'recovers',
]);

const isFault = (kind: Injection['kind'] | undefined): FaultKind | undefined =>
  kind !== undefined && EFFECTS.has(kind) ? (kind as FaultKind) : undefined;

const observeNodes = (world: World, ids: readonly string[]): Record<string, Observation> =>
  Object.fromEntries(ids.filter((id) => membersOf(world, id).length > 0).map((id) => [id, look(world, id)]));
