import pLimit from 'p-limit';

/** sshd's default MaxSessions is 10: one is kept for killing commands, one as a reserve. */
const SESSIONS = 8;

/** Limits how many commands run at once on one connection; long-lived sessions count while they last. */
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
