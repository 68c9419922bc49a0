import { type AnyErrorCode, OrchError } from '../../../src/core/base/errors.ts';
import type { Injection } from '../world-run.ts';

/** The point of a run at which an event happens: a step of a node; `lastLook` is the check right before a stop. */
export interface Place {
  readonly node: string;
  readonly step: string;
}

/** The faults of the machine's table, and those that only hosts have. */
export interface Fault {
  readonly node: string;
  readonly step: Injection['step'] | 'lastLook' | 'stage';
  /**
   * `brokenOff`: interrupted twice. `reload`: a balancer starts again from its configuration. `balancerAway`: its host becomes
   * unreachable, and it keeps sending requests.
   */
  readonly kind: Injection['kind'] | 'reload' | 'brokenOff' | 'balancerAway';
}

/** The effect of a fault on the run and on its hosts. */
export interface Blows {
  kill(): void;
  interrupt(twice: boolean): void;
  takeDown(id: string): void;
  crash(id: string): void;
  recover(id: string): void;
  /** The controller's own network is down for a while. */
  cutNetwork(): void;
  reload(): void;
  answer(go: boolean): void;
  sleep(ms: number): Promise<void>;
  readonly last: string;
}

/**
 * Events right before an operation of a host, and right after it. `cut`: its reply is lost with the connection, and `twice`: the
 * next one, too. `stays`: all later operations of the step meet the same.
 */
export interface Strike {
  before?(): void;
  after?(): void | Promise<void>;
  readonly cut?: boolean;
  readonly twice?: boolean;
  readonly stays?: boolean;
}

/** Writes of a step: the struck one changes from case to case. */
const WRITES: Readonly<Record<string, number>> = { drain: 6, drainAgain: 6, apply: 6, restore: 6, undoDrain: 6 };

/** Faults that strike at the first operation of a step, of any kind. */
const AT_ONCE: ReadonlySet<string> = new Set([
  'killedBefore',
  'unreachable',
  'interrupt',
  'brokenOff',
  'balancerAway',
  'network',
  'otherDies',
  'recovers',
  'holdGo',
  'holdStop',
  'reload',
]);

/** The operation of its step that a fault strikes; `nth`: the number of the write, if it has any. */
export function isAt({ step, kind }: Fault, write: boolean, writes: number, nth: number): boolean {
  const all = WRITES[step];
  if (AT_ONCE.has(kind) || all === undefined) return true;
  const first = kind === 'fails' ? 0 : kind === 'half' ? Math.max(1, nth % all) : nth % all;
  return write && writes === first;
}

/** Steps with a question for the operator, and its event. */
const ASKS: Readonly<Record<string, AnyErrorCode>> = {
  checkDependencies: 'CONTROL_PLANE_UNREACHABLE',
  waitIdle: 'DRAIN_ON_HOLD',
  soak: 'SOAK_INCONCLUSIVE',
  look: 'LB_INVALID_REPLY',
};

const HANG_MS = 30_000;

/** The effect of a fault on its operation; undefined: none, for this step has no such fault. */
export function strikeOf({ node, step, kind }: Fault, host: string, blows: Blows): Strike | undefined {
  const raise =
    (code: AnyErrorCode, message: string, operatorDecides = false) =>
    (): never => {
      throw new OrchError(code, message, { host, operatorDecides });
    };
  switch (kind) {
    case 'fails':
    case 'half':
      return { before: raise('X_SIMULATED', `${step} of ${node} fails`), stays: true };
    case 'hangs':
      return { after: () => blows.sleep(HANG_MS).then(raise('TIMED_OUT', `${step} of ${node} hangs`)) };
    case 'unreachable':
      return { before: () => blows.takeDown(node) };
    case 'balancerAway':
      return { before: () => blows.takeDown('lb-1') };
    case 'lost':
      return { after: () => blows.takeDown(node) };
    case 'replyLost':
      return { cut: true };
    case 'retried':
      return { cut: true, twice: true };
    case 'crash':
      return { after: () => blows.crash(node) };
    case 'recovers':
      return { before: () => blows.recover(node) };
    case 'killedBefore':
      return { before: () => blows.kill() };
    case 'killedAfter':
      return { after: () => blows.kill() };
    case 'interrupt':
      return { before: () => blows.interrupt(false) };
    case 'brokenOff':
      return { before: () => blows.interrupt(true) };
    case 'network':
      return { before: () => blows.cutNetwork() };
    case 'otherDies':
      return { before: () => blows.crash(blows.last) };
    case 'reload':
      return { before: () => blows.reload() };
    case 'holdGo':
    case 'holdStop': {
      const code = ASKS[step];
      if (code === undefined) return undefined;
      blows.answer(kind === 'holdGo');
      // A failed observation pauses the rolling change by itself.
      const operatorDecides = step !== 'look';
      return { before: raise(code, `${step} of ${node} is on hold`, operatorDecides) };
    }
    default:
      return kind satisfies never;
  }
}
