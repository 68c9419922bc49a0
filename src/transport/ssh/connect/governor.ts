import { setTimeout as delay } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { OrchError } from '../../../core/base/errors.ts';
import type { SshTarget } from '../target.ts';
import { connectInterrupted } from './connect-errors.ts';
import { AdaptiveLimit } from './governor-limit.ts';

export interface GovernorLimits {
  /** Concurrent handshakes with one machine; sshd's MaxStartups begins to drop at 10. */
  readonly handshakesPerMachine: number;
  /** Concurrent handshakes over one route: through one jump host, or direct. */
  readonly handshakesPerWay: number;
  /** Concurrent handshakes in total: one thread does the arithmetic of all. */
  readonly handshakes: number;
  /** Concurrent uploads to one machine, or through one jump host. */
  readonly uploadsPerMachine: number;
}

const LIMITS: GovernorLimits = {
  handshakesPerMachine: 8,
  handshakesPerWay: 32,
  handshakes: 32,
  uploadsPerMachine: 4,
};

/** Attempts with a server that drops connections because of too many at once. */
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 4000;
/** A server with penalties for an address applies them for at least 15 seconds. */
const PENALTY_FACTOR = 4;
const PENALTY = /Not allowed at this time/;

/** Limits the load on machines that many hosts or tasks share. One for all connections of a process. */
export interface Governor {
  /**
   * Makes a connection attempt when the machine has room, and retries later with fewer at once while it is throttled
   * (CONNECT_THROTTLED). The wait does not count against the attempt's time limit.
   *
   * @throws OrchError INTERRUPTED, or the error of the last attempt
   */
  handshake<T>(target: SshTarget, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Runs a long transfer when the machine and its jump hosts have room. */
  upload<T>(target: SshTarget, work: () => Promise<T>): Promise<T>;
}

/** @example const governor = createGovernor(); await governor.upload(target, () => host.upload(from, to, options)) */
export function createGovernor(limits: Partial<GovernorLimits> = {}): Governor {
  const { handshakesPerMachine, handshakesPerWay, handshakes, uploadsPerMachine } = { ...LIMITS, ...limits };
  const all = pLimit(handshakes);
  const machines = new Map<string, AdaptiveLimit>();
  const ways = new Map<string, AdaptiveLimit>();
  const uploads = new Map<string, LimitFunction>();

  const once = <T>(target: SshTarget, attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    const name = machineOf(target);
    const machine = kept(machines, name, () => new AdaptiveLimit(handshakesPerMachine));
    const way = kept(ways, wayOf(target), () => new AdaptiveLimit(handshakesPerWay));
    const begin = (): Promise<T> => {
      if (signal?.aborted) throw connectInterrupted();
      return attempt();
    };
    // Always in this order, to avoid deadlocks.
    return machine.run(() => way.run(() => all(begin), isThrottled, name), isThrottled);
  };

  return {
    async handshake(target, attempt, signal) {
      for (let tried = 1; ; tried++) {
        try {
          return await once(target, attempt, signal);
        } catch (error) {
          if (!isThrottled(error) || tried >= ATTEMPTS) throw error;
          await pause(pauseMs(tried, error), signal);
        }
      }
    },
    upload(target, work) {
      const turn = (at: SshTarget | undefined): ReturnType<typeof work> =>
        at === undefined ? work() : kept(uploads, machineOf(at), () => pLimit(uploadsPerMachine))(() => turn(at.jump));
      return turn(target);
    },
  };
}

let ours: Governor | undefined;

/** The default governor of all connections in this process. */
export function processGovernor(): Governor {
  ours ??= createGovernor();
  return ours;
}

/** The same address behind two jump hosts means two machines. */
const machineOf = (target: SshTarget): string =>
  `${target.address}:${target.port}${target.jump === undefined ? '' : ` < ${machineOf(target.jump)}`}`;

const wayOf = (target: SshTarget): string => (target.jump === undefined ? '' : machineOf(target.jump));

const isThrottled = (error: unknown): boolean => error instanceof OrchError && error.code === 'CONNECT_THROTTLED';

/** Random delays: connections dropped together must not return together. */
function pauseMs(tried: number, error: unknown): number {
  const factor = error instanceof OrchError && PENALTY.test(error.details ?? '') ? PENALTY_FACTOR : 1;
  return Math.min(FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS) * factor * (0.5 + Math.random());
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw connectInterrupted();
  }
}

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
