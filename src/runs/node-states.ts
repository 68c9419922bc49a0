import type { RolledNode, RunEvent } from '../core/event/event.ts';
import type { NodeState, RunRecord } from './run-record.ts';

const ROLLED: Readonly<Record<RolledNode['state'], NodeState>> = {
  done: 'done',
  unchanged: 'done',
  failed: 'failed',
  rolledBack: 'rolledBack',
  untouched: 'waiting',
  skipped: 'skipped',
};

/** What is known of the nodes of a run, by its events. */
export class NodeStates {
  readonly #states: Map<string, NodeState>;
  #order: readonly (readonly string[])[] = [];

  constructor({ nodes, order }: Pick<RunRecord, 'nodes' | 'order'> = { nodes: {}, order: [] }) {
    this.#states = new Map(Object.entries(nodes));
    this.#order = order;
  }

  get nodes(): Record<string, NodeState> {
    return Object.fromEntries(this.#states);
  }

  get order(): string[][] {
    return this.#order.map((batch) => [...batch]);
  }

  /** @returns whether the record should be written soon; the rest may wait for the next time */
  follow(event: RunEvent): boolean {
    switch (event.type) {
      case 'run.start':
        for (const host of event.hosts) if (!this.#states.has(host)) this.#states.set(host, 'waiting');
        return false;
      case 'roll.plan':
        this.#order = event.waves;
        return false;
      // Numbered steps are those of a node on its own way out of traffic and back.
      case 'roll.step':
        return event.status === 'begun' && event.index !== undefined && this.#set(event.host, 'changing');
      case 'task.start':
        return !event.waiting && this.#set(event.host, 'changing');
      case 'host.end':
        if (event.status === 'failed') return this.#set(event.host, 'failed');
        // One that was not changed in this play may be changed in a later one.
        if (event.status === 'ok' && this.#states.get(event.host) === 'changing') this.#set(event.host, 'done');
        return false;
      case 'roll.end':
        return Object.entries(event.nodes).reduce(
          (any, [node, { state }]) => this.#set(node, ROLLED[state]) || any,
          false,
        );
      case 'run.end':
        if (event.outcome === 'ok') for (const host of this.#states.keys()) this.#states.set(host, 'done');
        return false;
      default:
        return false;
    }
  }

  #set(host: string, state: NodeState): boolean {
    // Balancers, to which tasks are delegated, are no nodes of the run.
    if (!this.#states.has(host) || this.#states.get(host) === state) return false;
    this.#states.set(host, state);
    return true;
  }
}
