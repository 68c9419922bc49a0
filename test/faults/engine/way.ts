import type { RunEvent } from '../../../src/core/event/event.ts';
import type { Traffic } from '../../../src/core/play/rolling.ts';
import type { Cluster } from './cluster.ts';

export type Program = keyof Traffic;

/** What a step is there for: it has not gone well unless these were carried out for its node, or for another one. */
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

/** What must have come before a stop, in this order, each after the last one of the kind before. */
const BEFORE_STOP: readonly Program[] = ['drain', 'waitIdle', 'checkDependencies', 'stillDrained'];

const AFTER_FAILURE: ReadonlySet<string> = new Set(['undoDrain', 'drainAgain', 'collectDiagnostics', 'recover']);

const SOAK_MS = 2000;

/** Watches the way that nodes go: by which programs a step was carried out, and by which look it was begun. */
export class Way {
  readonly #cluster: Cluster;
  readonly #tell: (what: string) => void;
  #count = 0;
  /** By program and node: when it was last carried out to its end. */
  readonly #ended = new Map<string, number>();
  readonly #begun = new Map<string, number>();
  readonly #kept = new Map<string, number>();
  /** When everybody was last looked at, and when the last thing came to an end: a start must not be older. */
  #looked = -1;
  #happened = 0;
  #cut = -1;
  #interrupted = false;
  readonly #failed = new Set<string>();

  constructor(cluster: Cluster, tell: (what: string) => void) {
    this.#cluster = cluster;
    this.#tell = tell;
  }

  /** Another controller: what it has seen and done is nothing yet. */
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

  /** Something that serves is about to be stopped. */
  stops(node: string): void {
    const times = BEFORE_STOP.map((program) => this.#ended.get(`${program} ${node}`) ?? -1);
    // What did not serve, by a look, needs no proof.
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
    if (step === 'soak' && durationMs < SOAK_MS) this.#tell(`${host} is watched for ${durationMs} ms`);
    if (step === 'collectDiagnostics' && (this.#kept.get(host) ?? 0) < since) this.#tell(`nothing is kept of ${host}`);
  }

  #since(begun: number, program: Program, node: string, step: string): boolean {
    const ids = step === 'recheck' ? this.#cluster.ids : [node];
    return ids.some((id) => (this.#ended.get(`${program} ${id}`) ?? -1) > begun);
  }

  #begins(node: string, step: string): void {
    this.#begun.set(node, this.#count);
    if (this.#failed.has(node) && !AFTER_FAILURE.has(step)) this.#tell(`${step} of ${node}, which has failed`);
    // From here on it goes its way as any node: it must be ready before it is given back.
    if (step === 'recover') this.#failed.delete(node);
    if (!this.#isBalanced) return;
    if (this.#looked < this.#cut) this.#tell(`${step} of ${node} before all was seen again`);
    if (step !== 'checkDependencies') return;
    if (this.#looked < this.#happened) this.#tell(`${node} starts on an old look`);
    if (this.#interrupted) this.#tell(`${node} starts though it was interrupted`);
  }

  /** Its program waits until it is in traffic: it must have been given back. */
  #wants(node: string): void {
    const lbs = [...this.#cluster.balancers.keys()];
    if (lbs.some((lb) => this.#cluster.lease(lb, node) !== undefined))
      this.#tell(`${node} waits to be in traffic, and is drained`);
  }
}
