import { formatDuration } from '../core/base/duration.ts';
import type { Deadline, DeadlineChain } from '../core/play/rolling.ts';

/** The time limits that must fit together when a node is drained and stopped. */
export interface Deadlines {
  /** How long a drain may take. */
  readonly drainWithin: Deadline;
  /** The longest request of this cluster. */
  readonly longestRequest: Deadline;
  /** How long a container may take to end before it is killed. */
  readonly stopTimeout: Deadline;
  /** How long its workers continue with their requests after the stop signal. */
  readonly workerShutdown: Deadline;
  /** More limits to print, for people: how long a balancer takes to see that a node is down. */
  readonly others?: readonly Deadline[];
}

/** Time for a container to end after its last worker: its own clean-up, and Docker's. */
const STOP_SLACK_MS = 10_000;

/**
 * Checks that the limits fit. A drain must outlast the longest request, or it fails while that request still runs. A
 * stop must outlast the workers, or Docker kills them during requests.
 */
export function deadlineChain(limits: Deadlines): DeadlineChain {
  const { drainWithin, longestRequest, stopTimeout, workerShutdown, others = [] } = limits;
  const leastStop = workerShutdown.ms + STOP_SLACK_MS;
  const faults: string[] = [];
  if (drainWithin.ms < longestRequest.ms)
    faults.push(
      `${described(drainWithin)} is shorter than ${described(longestRequest)}: make it at least ${formatDuration(longestRequest.ms)}`,
    );
  if (stopTimeout.ms < leastStop)
    faults.push(
      `${described(stopTimeout)} is shorter than ${described(workerShutdown)} + ${formatDuration(STOP_SLACK_MS)}: make it at least ${formatDuration(leastStop)}`,
    );
  return { links: [...others, longestRequest, drainWithin, workerShutdown, stopTimeout], faults };
}

const described = ({ name, ms, source }: Deadline): string => `${name} ${formatDuration(ms)} (${source})`;
