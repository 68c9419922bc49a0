import pLimit from 'p-limit';

/** sshd's MaxSessions is 10 by default: one is kept for killing, one for whatever else the user's sshd_config lowers. */
const SESSIONS = 8;

/** How many commands may run at once on one connection; long-lived sessions take their share of it while they last. */
export function sessionLimit(): { run<T>(task: () => Promise<T>): Promise<T>; held(open: boolean): void } {
  const limit = pLimit(SESSIONS);
  let held = 0;
  return {
    run: (task) => limit(task),
    held(open) {
      held += open ? 1 : -1;
      limit.concurrency = Math.max(2, SESSIONS - held);
    },
  };
}
