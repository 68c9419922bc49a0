import type { RunEvent } from '../../../src/core/event/event.ts';
import type { Traffic } from '../../../src/core/play/rolling.ts';
import type { Cluster } from './cluster.ts';

export type Program = keyof Traffic;

/** The programs of a step: it succeeds only after they ran for its node, or for another one. */
const CARRIES_OUT: Readonly<Record<string, readonly Program[]>> = {
  checkDependencies: ['checkDependencies'],
  drain: ['drain'],
  waitIdle: ['waitIdle'],
  waitReady: ['waitReady'],
  restore: ['restore'],
  waitInService: ['waitInService'],
  soak: ['counters', 'stillHealthy'],
  recheck: ['stillHealthy'],
  undoDrain: ['restore'],
  drainAgain: ['drain'],
  collectDiagnostics: ['collectDiagnostics'],
  recover: ['hasWayBack', 'waitIdle', 'goBack'],
};

/** The operations before a stop, in this order, each after the last one of the kind before. */
const BEFORE_STOP: readonly Program[] = ['drain', 'waitIdle', 'checkDependencies', 'stillDrained'];

const AFTER_FAILURE: ReadonlySet<string> = new Set(['undoDrain', 'drainAgain', 'collectDiagnostics', 'recover']);

const SOAK_MS = 2000;

/** Monitors the path of nodes: the programs that carried out a step, and the observation that began it. */
export class Way {
  readonly #cluster: Cluster;
  readonly #tell: (what: string) => void;
  #count = 0;
  /** By program and node: when it last ran to its end. */
  readonly #ended = new Map<string, number>();
  readonly #begun = new Map<string, number>();
  readonly #kept = new Map<string, number>();
  /** When all nodes were last observed, and when the last operation ended: a start must not be older. */
  #looked = -1;
  #happened = 0;
  #cut = -1;
  #interrupted = false;
  readonly #failed = new Set<string>();

  constructor(cluster: Cluster, tell: (what: string) => void) {
    this.#cluster = cluster;
    this.#tell = tell;
  }

  /** Another controller: it has observed and done nothing yet. */
  begin(): void {
    this.#ended.clear();
    this.#failed.clear();
    this.#interrupted = false;
    this.#cut = -1;
  }

  looking(): void {
    this.#looked = ++this.#count;
  }

  carriedOut(node: string, program: Program): void {
    this.#ended.set(`${program} ${node}`, ++this.#count);
  }

  interrupted(): void {
    this.#interrupted = true;
  }

  cut(): void {
    this.#cut = ++this.#count;
  }

  event(event: RunEvent): void {
    this.#count++;
    if (event.type === 'roll.evidence') this.#kept.set(event.host, this.#count);
    if (event.type === 'task.start' && event.kind === 'usedByBalancer') this.#wants(event.host);
    if (event.type !== 'roll.step') return;
    const { host, step, status, durationMs } = event;
    if (status === 'begun') this.#begins(host, step);
    else this.#happened = this.#count;
    if (status === 'failed') this.#failed.add(host);
    if (status === 'ok') this.#went(host, step, durationMs);
  }

  /** A serving container is about to be stopped. */
  stops(node: string): void {
    const times = BEFORE_STOP.map((program) => this.#ended.get(`${program} ${node}`) ?? -1);
    // A node that was observed out of service need not be idle.
    const done = times.filter((time, i) => time >= 0 || BEFORE_STOP[i] !== 'waitIdle');
    if (done.some((time, i) => time < 0 || time < (done[i - 1] ?? 0)))
      this.#tell(`${node} is stopped after ${BEFORE_STOP.map((program, i) => `${program} ${times[i]}`)}`);
  }

  get #isBalanced(): boolean {
    return this.#cluster.inventory.loadBalancers.size > 0;
  }

  #went(host: string, step: string, durationMs: number): void {
    if (!this.#isBalanced) return;
    const since = this.#begun.get(host) ?? 0;
    const missing = (CARRIES_OUT[step] ?? []).filter((program) => !this.#since(since, program, host, step));
    if (missing.length > 0) this.#tell(`${step} of ${host} went well without ${missing}`);
    if (step === 'soak' && durationMs < SOAK_MS) this.#tell(`${host} is soaked for ${durationMs} ms`);
    if (step === 'collectDiagnostics' && (this.#kept.get(host) ?? 0) < since) this.#tell(`nothing is kept of ${host}`);
  }

  #since(begun: number, program: Program, node: string, step: string): boolean {
    const ids = step === 'recheck' ? this.#cluster.ids : [node];
    return ids.some((id) => (this.#ended.get(`${program} ${id}`) ?? -1) > begun);
  }

  #begins(node: string, step: string): void {
    this.#begun.set(node, this.#count);
    if (this.#failed.has(node) && !AFTER_FAILURE.has(step)) this.#tell(`${step} of ${node}, which has failed`);
    // From here on it is like any other node: it must be ready before its restore.
    if (step === 'recover') this.#failed.delete(node);
    if (!this.#isBalanced) return;
    if (this.#looked < this.#cut) this.#tell(`${step} of ${node} before all was seen again`);
    if (step !== 'checkDependencies') return;
    if (this.#looked < this.#happened) this.#tell(`${node} starts on an old observation`);
    if (this.#interrupted) this.#tell(`${node} starts though it was interrupted`);
  }

  /** Its program waits until it is in service: it must have been restored. */
  #wants(node: string): void {
    const lbs = [...this.#cluster.balancers.keys()];
    if (lbs.some((lb) => this.#cluster.lease(lb, node) !== undefined))
      this.#tell(`${node} waits to be in service, and is drained`);
  }
}
