import { formatDuration } from '../../core/base/duration.ts';
import type { HttpReply } from '../../core/host/connection.ts';
import { endedWords } from './ended-words.ts';
import { differs, type Finding, met, notShown, type Term } from './finding.ts';
import { SLOW_END } from './gateway-files.ts';
import { QUIT_SECONDS } from './gateway-terms.ts';
import type { Running, Trial } from './trial.ts';

/** Exit code of a process that the Engine had to kill. */
const KILLED = 137;

/** Sends SIGQUIT during an open request, and judges both. */
export async function quitFinding(
  term: Term,
  { clock }: Pick<Trial, 'clock'>,
  gateway: Running,
  request: Promise<HttpReply | null>,
): Promise<Finding> {
  const begun = clock.now();
  const after = (at: number): string => formatDuration(Math.round((at - begun) / 100) * 100);
  const replied = request.then((reply) => ({ reply, at: clock.now() }));
  replied.catch(() => undefined);
  const ended = await gateway.stop('SIGQUIT', QUIT_SECONDS);
  const gone = clock.now();
  const { reply, at } = await replied;
  if (reply !== null && reply.status !== 200) return notHeld(term, reply);
  if (reply?.body.endsWith(SLOW_END) !== true) return differs(term, `cuts the request ${after(at)} after SIGQUIT`);
  if (ended.exitCode === KILLED) return differs(term, `has not quit ${QUIT_SECONDS}s after SIGQUIT`);
  if (ended.exitCode !== 0) return differs(term, `ends the request, then ${endedWords(ended)}`);
  return met(term, `request ended after ${after(at)}, quit after ${after(gone)}`);
}

/** The image does not follow the trial's configuration. */
export const notHeld = (term: Term, reply: HttpReply | null): Finding =>
  notShown(term, `no request could be held open: ${reply === null ? 'no response' : reply.status} at once`);
