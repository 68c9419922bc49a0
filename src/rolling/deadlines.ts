import { formatDuration } from '../core/base/duration.ts';
import type { Deadline, DeadlineChain } from '../core/play/rolling.ts';

/** The time limits that must fit together when a node is taken out of traffic and stopped. */
export interface Deadlines {
  /** How long a drain may take before it is given up. */
  readonly drainWithin: Deadline;
  /** The longest that a request of this cluster may take. */
  readonly longestRequest: Deadline;
  /** How long a container has to end before it is killed. */
  readonly stopTimeout: Deadline;
  /** How long its workers go on with the requests that they have. */
  readonly workerShutdown: Deadline;
  /** Shown with the others, for people: how long a balancer takes to see a node down. */
  readonly others?: readonly Deadline[];
}

/** What a container needs to end after its last worker has: its own clean-up, and Docker's. */
const STOP_SLACK_MS = 10_000;

/**
 * Whether the limits fit: a drain must outlast the longest request, or it is given up while that still runs; a stop must
 * outlast the workers, or they are killed with requests in their hands.
 */
export function deadlineChain(limits: Deadlines): DeadlineChain {
  const { drainWithin, longestRequest, stopTimeout, workerShutdown, others = [] } = limits;
  const leastStop = workerShutdown.ms + STOP_SLACK_MS;
  const faults: string[] = [];
  if (drainWithin.ms < longestRequest.ms)
    faults.push(
      `${told(drainWithin)} is shorter than ${told(longestRequest)}: make it at least ${formatDuration(longestRequest.ms)}`,
    );
  if (stopTimeout.ms < leastStop)
    faults.push(
      `${told(stopTimeout)} is shorter than ${told(workerShutdown)} + ${formatDuration(STOP_SLACK_MS)}: make it at least ${formatDuration(leastStop)}`,
    );
  return { links: [...others, longestRequest, drainWithin, workerShutdown, stopTimeout], faults };
}

const told = ({ name, ms, source }: Deadline): string => `${name} ${formatDuration(ms)} (${source})`;
