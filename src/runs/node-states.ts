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

/** The states of a run's nodes, derived from its events. */
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

  /** @returns whether to write the record soon; other changes may wait for the next write */
  follow(event: RunEvent): boolean {
    switch (event.type) {
      case 'run.start':
        for (const host of event.hosts) if (!this.#states.has(host)) this.#states.set(host, 'waiting');
        return false;
      case 'roll.plan':
        this.#order = event.waves;
        return false;
      // Only numbered steps belong to the node's own route.
      case 'roll.step':
        return event.status === 'begun' && event.index !== undefined && this.#set(event.host, 'changing');
      case 'task.start':
        return !event.waiting && this.#set(event.host, 'changing');
      case 'host.end':
        if (event.status === 'failed') return this.#set(event.host, 'failed');
        // A node that this play did not change may be changed by a later one.
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
    // Balancers, the targets of delegated tasks, are no nodes of the run.
    if (!this.#states.has(host) || this.#states.get(host) === state) return false;
    this.#states.set(host, state);
    return true;
  }
}
