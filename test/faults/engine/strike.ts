import { type AnyErrorCode, OrchError } from '../../../src/core/base/errors.ts';
import type { Injection } from '../world-run.ts';

/** Where in a run something happens: a step of a node; `lastLook` is the one right before a stop. */
export interface Place {
  readonly node: string;
  readonly step: string;
}

/** What the table of the machine knows, and what only hosts can suffer. */
export interface Fault {
  readonly node: string;
  readonly step: Injection['step'] | 'lastLook' | 'stage';
  /**
   * `brokenOff`: interrupted twice. `reload`: a balancer starts anew from its configuration. `balancerAway`: its host cannot be
   * reached any more, and it goes on sending requests.
   */
  readonly kind: Injection['kind'] | 'reload' | 'brokenOff' | 'balancerAway';
}

/** What a fault does to the run and to its hosts. */
export interface Blows {
  kill(): void;
  interrupt(twice: boolean): void;
  takeDown(id: string): void;
  crash(id: string): void;
  recover(id: string): void;
  /** The controller's own network is away for a while. */
  cutNetwork(): void;
  reload(): void;
  answer(go: boolean): void;
  sleep(ms: number): Promise<void>;
  readonly last: string;
}

/**
 * What happens right before an operation of a host, and right after it. `cut`: its reply is lost with the connection, and
 * `twice`: the next one, too. `stays`: whatever the step does after it meets the same.
 */
export interface Strike {
  before?(): void;
  after?(): void | Promise<void>;
  readonly cut?: boolean;
  readonly twice?: boolean;
  readonly stays?: boolean;
}

/** Writes of a step: which of them is struck changes from case to case. */
const WRITES: Readonly<Record<string, number>> = { drain: 6, drainAgain: 6, apply: 6, restore: 6, undoDrain: 6 };

/** What strikes at the first thing that a step does, whatever that is. */
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

/** The operation of its step that a fault strikes; `nth`: which of the writes, where it has any. */
export function isAt({ step, kind }: Fault, write: boolean, writes: number, nth: number): boolean {
  const all = WRITES[step];
  if (AT_ONCE.has(kind) || all === undefined) return true;
  const first = kind === 'fails' ? 0 : kind === 'half' ? Math.max(1, nth % all) : nth % all;
  return write && writes === first;
}

/** Steps about which a person may be asked, and by which word. */
const ASKS: Readonly<Record<string, AnyErrorCode>> = {
  checkDependencies: 'CONTROL_PLANE_UNREACHABLE',
  waitIdle: 'DRAIN_ON_HOLD',
  soak: 'SOAK_INCONCLUSIVE',
  look: 'LB_INVALID_REPLY',
};

const HANG_MS = 30_000;

/** What a fault does at its operation; undefined: nothing, for this step knows no such fault. */
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
      // A look that fails holds the roll by itself.
      const operatorDecides = step !== 'look';
      return { before: raise(code, `${step} of ${node} is on hold`, operatorDecides) };
    }
    default:
      return kind satisfies never;
  }
}
