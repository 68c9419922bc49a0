import { setTimeout as delay } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { OrchError } from '../../../core/base/errors.ts';
import type { SshTarget } from '../target.ts';
import { connectInterrupted } from './connect-errors.ts';
import { AdaptiveLimit } from './governor-limit.ts';

export interface GovernorLimits {
  /** Handshakes under way at one machine; sshd's MaxStartups begins to drop at 10. */
  readonly handshakesPerMachine: number;
  /** Handshakes under way by one way: through one jump host, or without any. */
  readonly handshakesPerWay: number;
  /** Handshakes under way in all: one thread does the arithmetic of every one of them. */
  readonly handshakes: number;
  /** Uploads under way to one machine, or through one jump host. */
  readonly uploadsPerMachine: number;
}

const LIMITS: GovernorLimits = {
  handshakesPerMachine: 8,
  handshakesPerWay: 32,
  handshakes: 32,
  uploadsPerMachine: 4,
};

/** Attempts at a server that drops connections because too many come at once. */
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 4000;
/** A server that punishes an address for what came from it before does so for 15 seconds and more. */
const PENALTY_FACTOR = 4;
const PENALTY = /Not allowed at this time/;

/** Keeps load off machines that many hosts, or many runs of work, meet at. Shared by all connections of a process. */
export interface Governor {
  /**
   * Makes one attempt at a connection when the machine can take it, and again, later and fewer at once, while it is
   * turned away as one too many (CONNECT_THROTTLED). Waiting for its turn costs an attempt no time of its own.
   *
   * @throws OrchError INTERRUPTED, or what the last attempt threw
   */
  handshake<T>(target: SshTarget, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Sends something long to the target when the machine and the jump hosts before it can take it. */
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
    // Always in this order, so that no two ever wait for each other.
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

/** The one that all connections of this process share unless they are given another. */
export function processGovernor(): Governor {
  ours ??= createGovernor();
  return ours;
}

/** The same address behind two jump hosts is two machines. */
const machineOf = (target: SshTarget): string =>
  `${target.address}:${target.port}${target.jump === undefined ? '' : ` < ${machineOf(target.jump)}`}`;

const wayOf = (target: SshTarget): string => (target.jump === undefined ? '' : machineOf(target.jump));

const isThrottled = (error: unknown): boolean => error instanceof OrchError && error.code === 'CONNECT_THROTTLED';

/** Spread out, or all that were dropped together come back together. */
function pauseMs(tried: number, error: unknown): number {
  const factor = error instanceof OrchError && PENALTY.test(error.details ?? '') ? PENALTY_FACTOR : 1;
  return Math.min(FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS) * factor * (0.5 + Math.random());
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw connectInterrupted();
  }
}

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
