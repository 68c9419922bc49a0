import type { ErrorInfo } from '../../src/core/event/event.ts';
import { advance, type State, startRoll } from '../../src/rolling/machine.ts';
import { endOf } from '../../src/rolling/report.ts';
import type { Command, Event, NodeInit, Observation, Options, Result, Step } from '../../src/rolling/types.ts';
import { OPTIONS as DEFAULTS } from '../faults/machine-cases.ts';

export const UP: Observation = { inTraffic: true, held: false, drainedByRun: false, up: true };
export const DOWN: Observation = { inTraffic: false, held: false, drainedByRun: false, up: false };
export const HELD: Observation = { inTraffic: false, held: true, drainedByRun: false, up: false };
export const LEASED: Observation = { inTraffic: false, held: false, drainedByRun: true, up: false };

/** Changed by an earlier run that was killed during its soak. */
export const SOAKING: Observation = { ...UP, soaking: true };

export { DEFAULTS };

export const faultOn = (host: string): ErrorInfo => ({ code: 'X_TEST', message: `${host} is bad`, host });
export const bad = (host: string): Result => ({ kind: 'failed', fault: faultOn(host) });
export const gone = (host: string): Result => ({ kind: 'lost', fault: faultOn(host) });
export const held = (host: string): Result => ({ kind: 'hold', fault: faultOn(host) });

/** A rolling change step by step. `gw-1 checkDependencies` is the notation of a command to check the dependencies of gw-1. */
export class Roll {
  state: State;
  readonly commands: Command[] = [];
  readonly seen: Record<string, Observation> = {};

  constructor(nodes: number, options: Partial<Options> = {}, change: Readonly<Record<string, Partial<NodeInit>>> = {}) {
    const ids = Array.from({ length: nodes }, (_, i) => `gw-${i + 1}`);
    for (const id of ids) this.seen[id] = UP;
    const role = ids.map((id) => ({ id, inRun: true, balanced: true, unreachable: false, ...change[id] }));
    this.state = startRoll({ ...DEFAULTS, ...options }, role);
  }

  /** The commands that follow. */
  tell(event: Event): readonly string[] {
    const { state, commands } = advance(this.state, event);
    this.state = state;
    this.commands.push(...commands);
    return commands.map((command) =>
      command.do === 'step'
        ? [command.node, command.step, ...(command.nodes ?? [])].join(' ')
        : 'node' in command
          ? `${command.do} ${command.node}`
          : command.do,
    );
  }

  /** All programs wait for their drain; one observation. */
  begin(...troubled: readonly string[]): readonly string[] {
    const ids = this.state.nodes.filter(({ phase }) => phase === 'staging').map(({ id }) => id);
    for (const node of ids) this.tell({ type: 'planned', node, unhealthy: troubled.includes(node) });
    for (const node of ids) this.tell({ type: 'needsDrain', node });
    return this.look();
  }

  look(): readonly string[] {
    return this.tell({ type: 'observed', nodes: this.seen });
  }

  did(node: string, step: Step, result: Result = { kind: 'ok' }): readonly string[] {
    return this.tell({ type: 'stepDone', node, step, result });
  }

  /** Step after step of a node, all successful. Returns the commands of the last one. */
  goes(node: string, ...steps: readonly Step[]): readonly string[] {
    return steps.map((step) => this.did(node, step)).at(-1) ?? [];
  }

  end(id: string): string | undefined {
    const end = endOf(this.state, id);
    return end && `${end.state}, ${end.traffic}`;
  }
}

export const TO_APPLY: readonly Step[] = ['checkDependencies', 'drain', 'waitIdle', 'apply'];
export const BACK: readonly Step[] = ['waitReady', 'restore', 'waitInService', 'soak'];
